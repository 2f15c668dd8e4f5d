-- title: AWS Config stopped or changed
-- answers: Who stopped, deleted or changed the recording of AWS Config?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.9
-- reference: https://attack.mitre.org/techniques/T1562/001/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'configurationRecorderName',
        request_parameters->'configurationRecorder'->>'name',
        request_parameters->>'deliveryChannelName',
        request_parameters->'deliveryChannel'->>'name',
        request_parameters->>'configRuleName',
        request_parameters->>'conformancePackName',
        request_parameters->>'configurationAggregatorName'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'config'
  AND event_name IN (
      'StopConfigurationRecorder', 'DeleteConfigurationRecorder', 'PutConfigurationRecorder',
      'DeleteDeliveryChannel', 'PutDeliveryChannel', 'DeleteConfigRule',
      'DeleteOrganizationConfigRule', 'DeleteConformancePack', 'DeleteConfigurationAggregator',
      'DeleteRetentionConfiguration', 'DeleteRemediationConfiguration'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
