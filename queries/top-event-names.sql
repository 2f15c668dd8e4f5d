-- title: Most frequent calls
-- answers: Which calls were made most often?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    event_name,
    service,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1, 2
QUALIFY row_number() OVER (ORDER BY count(*) DESC, event_name, service) <= $limit
ORDER BY events DESC, event_name, service
