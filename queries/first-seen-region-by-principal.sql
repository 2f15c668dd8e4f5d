-- title: Regions that a principal had not used before
-- answers: Which principals called a region that they had not used before?
-- reference: https://attack.mitre.org/techniques/T1535/
-- param since timestamp = 1970-01-01T00:00:00Z: regions first seen from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param history timestamp = 1970-01-01T00:00:00Z: how far back to look for earlier use
-- param min_earlier integer = 1: regions that the principal was known by before; 0 shows new principals, too
SELECT
    principal,
    region,
    first_seen,
    last_seen,
    events,
    earlier_regions,
    first_event
FROM (
    SELECT
        principal,
        region,
        events,
        first_seen,
        last_seen,
        first_event,
        row_number() OVER (PARTITION BY principal ORDER BY first_seen, region) - 1 AS earlier_regions
    FROM (
        SELECT
            coalesce(
                session_issuer_arn,
                user_identity_arn,
                user_identity_principal_id,
                'unknown'
            ) AS principal,
            region,
            count(*) AS events,
            min(event_time) AS first_seen,
            max(event_time) AS last_seen,
            first_value(event_name ORDER BY event_time, event_id) AS first_event
        FROM events
        WHERE event_time >= $history AND event_time < $until
          AND service_call_kind = 'none'
        GROUP BY 1, 2
    )
)
WHERE first_seen >= $since
  AND earlier_regions >= $min_earlier
ORDER BY first_seen, principal, region
