-- title: CloudWatch alarms, logs and rules deleted
-- answers: Who deleted or disabled alarms, log groups, metric filters, subscriptions or event rules?
-- reference: https://attack.mitre.org/techniques/T1562/008/
-- reference: https://attack.mitre.org/techniques/T1562/001/
-- reference: https://attack.mitre.org/techniques/T1070/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'alarmNames',
        request_parameters->>'logStreamName',
        request_parameters->>'filterName',
        request_parameters->>'logGroupName',
        request_parameters->>'destinationName',
        request_parameters->>'name',
        request_parameters->>'rule'
    ) AS target,
    json_get_int(request_parameters, 'retentionInDays') AS retention_days,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('monitoring', 'logs', 'events')
  AND event_name IN (
      'DeleteAlarms', 'DisableAlarmActions', 'DeleteLogGroup', 'DeleteLogStream',
      'DeleteMetricFilter', 'DeleteSubscriptionFilter', 'DeleteDestination', 'PutRetentionPolicy',
      'DeleteRule', 'DisableRule', 'RemoveTargets'
  )
  AND service_call_kind = 'none'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
