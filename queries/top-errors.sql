-- title: Most frequent errors
-- answers: Which errors were returned most often, for which calls?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- reference: https://attack.mitre.org/techniques/T1580/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    coalesce(error_code, error_message, 'unknown') AS error,
    service,
    event_name,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND is_error
GROUP BY 1, 2, 3
QUALIFY row_number() OVER (ORDER BY count(*) DESC, error, service, event_name) <= $limit
ORDER BY events DESC, error, service, event_name
