-- title: New roles
-- answers: Who made a role, and whom does it trust?
--   Roles that AWS services make for themselves are left out.
-- reference: https://attack.mitre.org/techniques/T1136/003/
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    request_parameters->>'roleName' AS role_name,
    request_parameters->>'assumeRolePolicyDocument'
        ~ '"(AWS|Principal)"\s*:\s*(\[\s*)?"[*]"' AS trusts_everyone,
    replace(request_parameters->>'assumeRolePolicyDocument', recipient_account_id, '')
        ~ '(::|")[0-9]{12}[:"]' AS trusts_another_account,
    request_parameters->>'assumeRolePolicyDocument' AS trust_policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name = 'CreateRole'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
