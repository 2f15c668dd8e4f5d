-- title: Busiest principals
-- answers: Which principals made the most calls?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT service) AS services,
    count(DISTINCT source_ip_address) AS addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1
QUALIFY row_number() OVER (ORDER BY count(*) DESC, principal) <= $limit
ORDER BY events DESC, principal
