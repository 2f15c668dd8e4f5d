-- title: Regions of an account switched on or off
-- answers: Who enabled or disabled Regions of an account?
-- reference: https://attack.mitre.org/techniques/T1535/
-- reference: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'RegionName', request_parameters->>'regionName') AS switched_region,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'account'
  AND event_name IN ('EnableRegion', 'DisableRegion')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
