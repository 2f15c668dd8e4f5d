-- title: When the requests were made
-- answers: On which days of the week, and at which hours, were requests made?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param utc_offset_hours integer = 0: hours that the clocks there are ahead of UTC
SELECT
    -- 1 is Monday, 7 is Sunday
    CAST(date_part('isodow', local_time) AS INTEGER) AS day_of_week,
    CAST(date_part('hour', local_time) AS INTEGER) AS hour,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(DISTINCT principal) AS principals
FROM (
    SELECT
        event_time + CAST($utc_offset_hours || ' hours' AS INTERVAL) AS local_time,
        coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by) AS principal,
        is_error,
        read_only
    FROM events
    WHERE event_time >= $since AND event_time < $until
)
GROUP BY 1, 2
ORDER BY day_of_week, hour
