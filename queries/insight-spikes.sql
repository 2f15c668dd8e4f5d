-- title: Spikes that CloudTrail Insights saw
-- answers: When did calls or errors come far more often than usual, for how long and by how much?
--   The start and the end of a spike are two events; a spike without an end goes on.
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-insights-events-with-cloudtrail.html
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-insights-fields-trails.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_factor number = 1: times the usual at least
SELECT
    started,
    ended,
    service,
    event_name,
    insight_type,
    error_code,
    usual_per_minute,
    seen_per_minute,
    round(seen_per_minute / nullif(usual_per_minute, 0), 1) AS times_the_usual,
    region,
    account,
    shared_event_id
FROM (
    SELECT
        min(CASE WHEN insight_state = 'Start' THEN event_time END) AS started,
        min(CASE WHEN insight_state = 'End' THEN event_time END) AS ended,
        service,
        event_name,
        insight_type,
        insight_details->>'errorCode' AS error_code,
        -- the end knows better than the start
        last_value(
            json_get_float(insight_details, 'insightContext', 'statistics', 'baseline', 'average')
            ORDER BY event_time, event_id
        ) AS usual_per_minute,
        last_value(
            json_get_float(insight_details, 'insightContext', 'statistics', 'insight', 'average')
            ORDER BY event_time, event_id
        ) AS seen_per_minute,
        region,
        recipient_account_id AS account,
        shared_event_id
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND event_category = 'Insight'
    GROUP BY service, event_name, insight_type, 6, region, recipient_account_id, shared_event_id
)
WHERE seen_per_minute >= $min_factor * usual_per_minute
ORDER BY started, shared_event_id
