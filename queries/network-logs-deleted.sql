-- title: Flow logs and DNS query logs deleted
-- answers: Who removed VPC flow logs or the logs of DNS queries?
-- reference: https://attack.mitre.org/techniques/T1562/008/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->'DeleteFlowLogsRequest'->'FlowLogId'->>'content',
        request_parameters->'DeleteFlowLogsRequest'->>'FlowLogId',
        request_parameters->>'resolverQueryLogConfigId'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('ec2', 'route53resolver')
  AND event_name IN (
      'DeleteFlowLogs', 'DeleteResolverQueryLogConfig', 'DisassociateResolverQueryLogConfig'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
