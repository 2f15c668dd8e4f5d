-- title: Clients that a principal had not used before
-- answers: Which principals used a client, such as the AWS CLI or a browser, that they had not used before?
--   Versions of one client count as the same.
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: clients first seen from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param history timestamp = 1970-01-01T00:00:00Z: how far back to look for earlier use
-- param min_earlier integer = 1: clients that the principal was known by before; 0 shows new principals, too
SELECT
    principal,
    client,
    first_seen,
    last_seen,
    events,
    earlier_clients,
    first_event
FROM (
    SELECT
        principal,
        client,
        events,
        first_seen,
        last_seen,
        first_event,
        row_number() OVER (PARTITION BY principal ORDER BY first_seen, client) - 1 AS earlier_clients
    FROM (
        SELECT
            coalesce(
                session_issuer_arn,
                user_identity_arn,
                user_identity_principal_id,
                'unknown'
            ) AS principal,
            split_part(btrim(user_agent, '[]'), '/', 1) AS client,
            count(*) AS events,
            min(event_time) AS first_seen,
            max(event_time) AS last_seen,
            first_value(event_name ORDER BY event_time, event_id) AS first_event
        FROM events
        WHERE event_time >= $history AND event_time < $until
          AND service_call_kind = 'none'
          AND user_agent IS NOT NULL
        GROUP BY 1, 2
    )
)
WHERE first_seen >= $since
  AND earlier_clients >= $min_earlier
ORDER BY first_seen, principal, client
