-- title: Throttled calls
-- answers: Which calls were slowed down by AWS because there were too many, and who made them?
-- reference: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    service,
    event_name,
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    count(*) AS events,
    array_sort(array_agg(DISTINCT error_code)) AS error_codes,
    array_sort(array_agg(DISTINCT region)) AS regions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND (
    error_code ~ 'Throttl|RequestLimitExceeded|TooManyRequests|SlowDown|ThroughputExceeded'
    OR error_message LIKE 'Rate exceeded%'
  )
GROUP BY 1, 2, 3
ORDER BY events DESC, service, event_name, principal
