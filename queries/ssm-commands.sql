-- title: Commands run and sessions opened through Systems Manager
-- answers: Who ran commands on machines or opened sessions on them through Systems Manager?
-- reference: https://attack.mitre.org/techniques/T1651/
-- reference: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-cloudtrail-logs.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'documentName', request_parameters->>'name') AS document,
    coalesce(
        request_parameters->>'target',
        request_parameters->>'instanceIds',
        request_parameters->>'targets'
    ) AS targets,
    coalesce(
        response_elements->'command'->>'commandId',
        response_elements->>'sessionId'
    ) AS command_or_session,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ssm'
  AND event_name IN (
      'SendCommand', 'StartSession', 'ResumeSession', 'StartAutomationExecution', 'CreateAssociation'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
