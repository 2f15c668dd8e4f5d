-- title: Blocks of public images and snapshots removed
-- answers: Who allowed machine images or snapshots to be shared with everyone again?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/block-public-access-to-amis.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name IN ('DisableImageBlockPublicAccess', 'DisableSnapshotBlockPublicAccess')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
