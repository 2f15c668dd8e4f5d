-- title: Denied calls by principal
-- answers: Who was denied what, how often, and from where?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.1
-- reference: https://attack.mitre.org/techniques/T1580/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_events integer = 1: denied calls at least
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    count(*) AS events,
    count(DISTINCT concat(service, ':', event_name)) AS actions,
    array_sort(array_agg(DISTINCT service)) AS services,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND (
    error_code LIKE '%AccessDenied%' OR error_code LIKE '%UnauthorizedOperation'
    OR error_code IN ('AuthorizationError', 'AuthorizationErrorException', 'Forbidden', 'NotAuthorized')
  )
GROUP BY 1
HAVING count(*) >= $min_events
ORDER BY events DESC, principal
