-- title: Inline policies written
-- answers: Who wrote an inline policy into a user, role or group, and does it allow everything?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.4
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.15
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'userName',
        request_parameters->>'roleName',
        request_parameters->>'groupName'
    ) AS given_to,
    request_parameters->>'policyName' AS policy_name,
    request_parameters->>'policyDocument'
        ~ '"Action"\s*:\s*(\[\s*)?"[*]"' AS allows_every_action,
    request_parameters->>'policyDocument' AS policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN ('PutUserPolicy', 'PutRolePolicy', 'PutGroupPolicy')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
