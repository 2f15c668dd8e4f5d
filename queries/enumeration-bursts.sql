-- title: Bursts of looking around
-- answers: Who made many different Describe, List and Get calls in a short time?
-- reference: https://attack.mitre.org/techniques/T1580/
-- reference: https://attack.mitre.org/techniques/T1526/
-- reference: https://attack.mitre.org/techniques/T1087/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param minutes integer = 10: length of the windows
-- param min_calls integer = 25: different calls in a window at least
SELECT
    date_bin(CAST($minutes || ' minutes' AS INTERVAL), event_time) AS window_start,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    count(DISTINCT concat(service, ':', event_name)) AS different_calls,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT service) AS services,
    count(DISTINCT region) AS regions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service_call_kind = 'none'
  -- reading objects is no looking around, and old events do not say of what category they are
  AND coalesce(event_category, 'Management') <> 'Data'
  AND event_name ~ '^(Describe|List|Get)'
GROUP BY 1, 2, 3
HAVING count(DISTINCT concat(service, ':', event_name)) >= $min_calls
ORDER BY different_calls DESC, window_start, principal, source_ip_address
