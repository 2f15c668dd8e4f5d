-- title: Busiest Regions
-- answers: In which Regions did most happen?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    region,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(DISTINCT service) AS services,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1
QUALIFY row_number() OVER (ORDER BY count(*) DESC, region) <= $limit
ORDER BY events DESC, region
