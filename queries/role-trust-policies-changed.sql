-- title: Changed trust policies of roles
-- answers: Whose trust policy was changed, and does the role now trust other accounts or everyone?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.4
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    request_parameters->>'roleName' AS role_name,
    request_parameters->>'policyDocument'
        ~ '"(AWS|Principal)"\s*:\s*(\[\s*)?"[*]"' AS trusts_everyone,
    replace(request_parameters->>'policyDocument', recipient_account_id, '')
        ~ '(::|")[0-9]{12}[:"]' AS trusts_another_account,
    request_parameters->>'policyDocument' AS trust_policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name = 'UpdateAssumeRolePolicy'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
