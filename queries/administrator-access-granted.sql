-- title: Administrator access granted
-- answers: Who attached a policy with full access to a user, role, group or permission set?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.16
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param policy text = %/AdministratorAccess: a LIKE pattern for the ARN of the policy
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'userName',
        request_parameters->>'roleName',
        request_parameters->>'groupName',
        request_parameters->>'permissionSetArn'
    ) AS given_to,
    coalesce(request_parameters->>'policyArn', request_parameters->>'managedPolicyArn') AS policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('iam', 'sso')
  AND event_name IN (
      'AttachUserPolicy', 'AttachRolePolicy', 'AttachGroupPolicy',
      'AttachManagedPolicyToPermissionSet'
  )
  AND coalesce(request_parameters->>'policyArn', request_parameters->>'managedPolicyArn') LIKE $policy
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
