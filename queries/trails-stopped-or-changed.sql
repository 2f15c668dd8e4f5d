-- title: Trails stopped, deleted or changed
-- answers: Who stopped, deleted or changed a trail or an event data store?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.5
-- reference: https://attack.mitre.org/techniques/T1562/008/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'name', request_parameters->>'eventDataStore') AS trail,
    CASE WHEN event_name LIKE 'Update%' THEN request_parameters END AS new_settings,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'cloudtrail'
  AND event_name IN (
      'StopLogging', 'DeleteTrail', 'UpdateTrail', 'CreateTrail', 'StartLogging',
      'DeleteEventDataStore', 'UpdateEventDataStore', 'StopEventDataStoreIngestion'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
