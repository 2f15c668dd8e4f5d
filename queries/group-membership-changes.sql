-- title: Users added to and removed from groups
-- answers: Who put whom into which IAM group, or took them out?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.15
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'userName' AS user_name,
    request_parameters->>'groupName' AS group_name,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN ('AddUserToGroup', 'RemoveUserFromGroup')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
