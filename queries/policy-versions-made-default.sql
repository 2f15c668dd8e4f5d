-- title: Policy versions put into force
-- answers: Who put another version of a managed policy into force?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.4
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'policyArn' AS policy,
    coalesce(request_parameters->>'versionId', response_elements->'policyVersion'->>'versionId') AS version,
    request_parameters->>'policyDocument' AS policy_document,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN ('CreatePolicyVersion', 'SetDefaultPolicyVersion')
  AND (event_name = 'SetDefaultPolicyVersion' OR json_get_bool(request_parameters, 'setAsDefault'))
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
