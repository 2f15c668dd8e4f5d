-- title: New access keys of IAM users
-- answers: Who made an access key, and for whom?
-- reference: https://attack.mitre.org/techniques/T1098/001/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.13
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    coalesce(request_parameters->>'userName', response_elements->'accessKey'->>'userName') AS user_name,
    response_elements->'accessKey'->>'accessKeyId' AS access_key_id,
    coalesce(request_parameters->>'userName', user_identity_user_name)
        IS DISTINCT FROM user_identity_user_name AS for_another_user,
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
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
