-- title: Access taken from users
-- answers: Whose user, password or access keys were removed or switched off?
-- reference: https://attack.mitre.org/techniques/T1531/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'userName' AS user_name,
    request_parameters->>'accessKeyId' AS access_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN ('DeleteUser', 'DeleteLoginProfile', 'DeleteAccessKey', 'UpdateAccessKey')
  AND (event_name <> 'UpdateAccessKey' OR request_parameters->>'status' = 'Inactive')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
