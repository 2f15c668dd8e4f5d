-- title: Federation and session tokens made by users
-- answers: Who made temporary credentials out of a long-term key?
--   They go on working after the key is gone.
-- reference: https://attack.mitre.org/techniques/T1550/001/
-- reference: https://attack.mitre.org/techniques/T1098/001/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_disable-perms.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'name' AS session_name,
    json_get_int(request_parameters, 'durationSeconds') AS duration_seconds,
    response_elements->'credentials'->>'accessKeyId' AS access_key_id,
    user_agent,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'sts'
  AND event_name IN ('GetFederationToken', 'GetSessionToken')
  AND service_call_kind = 'none'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
