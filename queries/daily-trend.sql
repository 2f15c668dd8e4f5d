-- title: Events day by day
-- answers: How many events, errors and principals were there on each day?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    date,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    count(DISTINCT source_ip_address) AS addresses,
    count(DISTINCT service) AS services,
    count(DISTINCT region) AS regions
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY date
ORDER BY date
