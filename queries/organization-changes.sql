-- title: Changes of the organization
-- answers: Who changed accounts, units or policies of the organization?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.15
-- reference: https://attack.mitre.org/techniques/T1666/
-- reference: https://docs.aws.amazon.com/organizations/latest/userguide/orgs_cloudtrail-integration.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'accountId',
        request_parameters->>'targetId',
        request_parameters->>'policyId',
        request_parameters->>'organizationalUnitId',
        request_parameters->>'handshakeId',
        request_parameters->>'name',
        request_parameters->>'accountName'
    ) AS target,
    request_parameters->>'policyId' AS policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'organizations'
  AND event_name IN (
      'CreateOrganization', 'DeleteOrganization', 'LeaveOrganization', 'AcceptHandshake',
      'DeclineHandshake', 'InviteAccountToOrganization', 'RemoveAccountFromOrganization',
      'CreateAccount', 'CloseAccount', 'MoveAccount', 'CreateOrganizationalUnit',
      'UpdateOrganizationalUnit', 'DeleteOrganizationalUnit', 'CreatePolicy', 'UpdatePolicy',
      'DeletePolicy', 'AttachPolicy', 'DetachPolicy', 'EnablePolicyType', 'DisablePolicyType',
      'RegisterDelegatedAdministrator', 'DeregisterDelegatedAdministrator'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
