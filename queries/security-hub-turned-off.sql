-- title: Security Hub turned off
-- answers: Who disabled Security Hub, its standards or controls, or cut off members?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.16
-- reference: https://attack.mitre.org/techniques/T1562/001/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'StandardsSubscriptionArns',
        request_parameters->>'StandardsControlArn',
        request_parameters->>'ProductSubscriptionArn',
        request_parameters->>'AccountIds'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'securityhub'
  AND (
    event_name IN (
      'DisableSecurityHub', 'DisableSecurityHubV2', 'BatchDisableStandards', 'DisableImportFindingsForProduct',
      'DisassociateFromAdministratorAccount', 'DisassociateFromMasterAccount', 'DisassociateMembers',
      'DeleteMembers', 'DisableOrganizationAdminAccount'
    )
    OR (event_name = 'UpdateStandardsControl' AND request_parameters->>'ControlStatus' = 'DISABLED')
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
