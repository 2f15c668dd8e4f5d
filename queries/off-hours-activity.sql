-- title: Activity outside working hours
-- answers: Who was active at night or on weekends?
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param from_hour integer = 7: hour at which work begins
-- param to_hour integer = 20: hour at which it is over
-- param utc_offset_hours integer = 0: hours that the clocks there are ahead of UTC
-- param weekends boolean = true: whether weekends count as outside
-- param people_only boolean = true: only users, root and sessions of the console
SELECT
    principal,
    count(*) AS events,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(DISTINCT CAST(local_time AS DATE)) AS days,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    array_sort(array_agg(DISTINCT service)) AS services,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM (
    SELECT
        coalesce(
            session_issuer_arn,
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        event_time,
        event_time + CAST($utc_offset_hours || ' hours' AS INTERVAL) AS local_time,
        read_only,
        source_ip_address,
        service
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service_call_kind = 'none'
      -- machines know no working hours
      AND (is_iam_user OR is_root OR session_credential_from_console OR NOT $people_only)
)
WHERE date_part('hour', local_time) < $from_hour
   OR date_part('hour', local_time) >= $to_hour
   -- 0 is Sunday
   OR ($weekends AND date_part('dow', local_time) IN (0, 6))
GROUP BY 1
ORDER BY events DESC, principal
