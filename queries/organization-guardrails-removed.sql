-- title: Guardrails of the organization removed
-- answers: Which accounts left the organization, and which of its policies were detached, changed or switched off?
-- reference: https://attack.mitre.org/techniques/T1666/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.15
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'targetId',
        request_parameters->>'accountId',
        request_parameters->>'policyId',
        request_parameters->>'rootId'
    ) AS target,
    coalesce(request_parameters->>'policyId', request_parameters->>'policyType') AS policy,
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
      'LeaveOrganization', 'RemoveAccountFromOrganization', 'DeleteOrganization', 'DetachPolicy',
      'UpdatePolicy', 'DeletePolicy', 'DisablePolicyType', 'CloseAccount'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
