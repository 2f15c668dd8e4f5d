-- title: Busiest services
-- answers: Which services were called most?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-aws-service-specific-topics.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    service,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(DISTINCT event_name) AS actions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1
QUALIFY row_number() OVER (ORDER BY count(*) DESC, service) <= $limit
ORDER BY events DESC, service
