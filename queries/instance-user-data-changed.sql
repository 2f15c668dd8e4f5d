-- title: Start scripts of instances changed
-- answers: Who replaced the user data that an instance runs when it starts?
-- reference: https://attack.mitre.org/techniques/T1651/
-- reference: https://attack.mitre.org/techniques/T1578/005/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    request_parameters->>'instanceId' AS instance,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name = 'ModifyInstanceAttribute'
  AND request_parameters->>'userData' IS NOT NULL
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
