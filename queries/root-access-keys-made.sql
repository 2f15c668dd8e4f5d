-- title: Access keys made for the root user
-- answers: Did the root user make an access key for itself?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.4
-- reference: https://attack.mitre.org/techniques/T1098/001/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    response_elements->'accessKey'->>'accessKeyId' AS access_key_id,
    session_mfa_authenticated AS mfa,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name = 'CreateAccessKey'
  AND is_root
  -- with a user name, the key is for that user
  AND request_parameters->>'userName' IS NULL
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
