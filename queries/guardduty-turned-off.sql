-- title: GuardDuty turned off or blinded
-- answers: Who deleted or disabled a GuardDuty detector, cut off members, or made it overlook findings?
-- reference: https://attack.mitre.org/techniques/T1562/001/
-- reference: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_suspend-disable.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'detectorId' AS detector_id,
    coalesce(
        request_parameters->>'accountIds',
        request_parameters->>'name',
        request_parameters->>'adminAccountId'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'guardduty'
  AND (
    event_name IN (
      'DeleteDetector', 'StopMonitoringMembers', 'DisassociateMembers', 'DeleteMembers', 'DeleteIPSet',
      'DisassociateFromMasterAccount', 'DisassociateFromAdministratorAccount', 'DeletePublishingDestination',
      'DisableOrganizationAdminAccount', 'DeleteThreatIntelSet', 'CreateIPSet', 'UpdateIPSet'
    )
    -- a detector is also updated to turn it on or to set how often it reports
    OR (event_name = 'UpdateDetector' AND NOT json_get_bool(request_parameters, 'enable'))
    OR (event_name IN ('CreateFilter', 'UpdateFilter') AND request_parameters->>'action' = 'ARCHIVE')
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
