-- title: User data, consoles and passwords of instances read
-- answers: Who read what may hold secrets of instances: their user data, console output, screenshots or Windows
--   passwords?
-- reference: https://attack.mitre.org/techniques/T1552/005/
-- reference: https://attack.mitre.org/techniques/T1580/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_instances integer = 1: different instances at least
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    event_name,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT request_parameters->>'instanceId') AS instances,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND (
    event_name IN ('GetConsoleOutput', 'GetConsoleScreenshot', 'GetPasswordData')
    OR (event_name = 'DescribeInstanceAttribute' AND request_parameters->>'attribute' = 'userData')
  )
GROUP BY 1, 2
HAVING count(DISTINCT request_parameters->>'instanceId') >= $min_instances
ORDER BY events DESC, principal, event_name
