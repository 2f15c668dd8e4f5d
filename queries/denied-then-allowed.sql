-- title: Calls that were denied first and then went through
-- answers: Which calls were denied to a principal and succeeded for it soon afterwards?
--   Somebody may have given it the permission in between.
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param minutes integer = 1440: how long after the denial a success counts
SELECT
    a.principal,
    a.service,
    a.event_name,
    d.denials,
    d.last_denied,
    a.first_allowed,
    a.source_ip_address
FROM (
    SELECT
        coalesce(
            session_issuer_arn,
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        service,
        event_name,
        count(*) AS denials,
        min(event_time) AS first_denied,
        max(event_time) AS last_denied
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND (error_code LIKE '%AccessDenied%' OR error_code LIKE '%UnauthorizedOperation')
    GROUP BY 1, 2, 3
) AS d
JOIN (
    SELECT
        coalesce(
            session_issuer_arn,
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        service,
        event_name,
        min(event_time) AS first_allowed,
        first_value(source_ip_address ORDER BY event_time, event_id) AS source_ip_address
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND NOT is_error
    GROUP BY 1, 2, 3
) AS a
  ON a.principal = d.principal AND a.service = d.service AND a.event_name = d.event_name
-- never allowed before the denials, and allowed soon after the last of them
WHERE a.first_allowed > d.last_denied
  AND a.first_allowed <= d.last_denied + CAST($minutes || ' minutes' AS INTERVAL)
ORDER BY a.first_allowed, a.principal, a.service, a.event_name
