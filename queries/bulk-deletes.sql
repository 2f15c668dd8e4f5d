-- title: Many resources deleted in a short time
-- answers: Who made many deleting calls in a short time, over all services?
--   Objects of S3 are counted by bulk-object-deletes.
-- reference: https://attack.mitre.org/techniques/T1485/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param minutes integer = 10: length of the windows
-- param min_events integer = 20: deletions in a window at least
SELECT
    date_bin(CAST($minutes || ' minutes' AS INTERVAL), event_time) AS window_start,
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    count(*) AS events,
    array_sort(array_agg(DISTINCT concat(service, ':', event_name))) AS calls,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    count(DISTINCT region) AS regions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND event_name ~ '^(Delete|Terminate|BatchDelete|Purge|ScheduleKeyDeletion)'
  AND event_name NOT IN ('DeleteObject', 'DeleteObjects', 'DeleteMessage', 'DeleteItem')
  AND service_call_kind = 'none'
  AND NOT is_error
GROUP BY 1, 2
HAVING count(*) >= $min_events
ORDER BY events DESC, window_start, principal
