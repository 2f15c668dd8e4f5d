-- title: Changes of what a trail records
-- answers: Who changed the events that a trail or an event data store records?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.5
-- reference: https://attack.mitre.org/techniques/T1562/008/
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'trailName', request_parameters->>'eventDataStore') AS trail,
    json_get_bool(request_parameters, 'eventSelectors', 0, 'includeManagementEvents') AS management_events,
    json_as_text(request_parameters, 'eventSelectors', 0, 'readWriteType') AS read_write_type,
    coalesce(
        request_parameters->>'eventSelectors',
        request_parameters->>'advancedEventSelectors',
        request_parameters->>'insightSelectors'
    ) AS selectors,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'cloudtrail'
  AND event_name IN ('PutEventSelectors', 'PutInsightSelectors')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
