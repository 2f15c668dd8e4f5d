-- title: Roles assumed by roles
-- answers: Which roles assumed which other roles?
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- reference: https://attack.mitre.org/techniques/T1550/001/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    session_issuer_arn AS from_role,
    request_parameters->>'roleArn' AS to_role,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'sts'
  AND event_name = 'AssumeRole'
  AND principal_kind = 'assumed_role'
GROUP BY 1, 2
ORDER BY events DESC, from_role, to_role
