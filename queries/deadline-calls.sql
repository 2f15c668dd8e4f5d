-- title: Calls of AWS Deadline Cloud
-- answers: Who did what with the farms, queues and fleets of AWS Deadline Cloud?
-- reference: https://docs.aws.amazon.com/deadline-cloud/latest/userguide/cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_reads boolean = false: reading calls, too
SELECT
    event_name,
    coalesce(request_parameters->>'farmId', response_elements->>'farmId') AS farm,
    coalesce(request_parameters->>'displayName', request_parameters->>'name') AS display_name,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'deadline'
  AND ($include_reads OR event_name !~ '^(Get|List|Search)')
GROUP BY 1, 2, 3, 4, 5
ORDER BY first_seen, event_name, farm, display_name, principal, source_ip_address
