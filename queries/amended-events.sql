-- title: Late and amended events
-- answers: Which events came late or correct an earlier one, and is the earlier one here?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    a.event_time,
    a.addendum_reason AS reason,
    a.addendum_updated_fields AS updated_fields,
    a.service,
    a.event_name,
    a.addendum_original_event_id AS original_event_id,
    o.event_id IS NOT NULL AS original_is_here,
    a.recipient_account_id AS account,
    a.event_id
FROM events AS a
LEFT JOIN events AS o
  ON o.event_id = a.addendum_original_event_id
  AND o.service = a.service
  AND o.event_name = a.event_name
  AND o.event_time < $until
WHERE a.event_time >= $since AND a.event_time < $until
  AND a.addendum_reason IS NOT NULL
ORDER BY a.event_time, a.event_id
