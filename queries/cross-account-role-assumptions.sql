-- title: Roles assumed across accounts
-- answers: Which accounts assumed roles of which other accounts?
--   Both accounts get a copy of the event; the copies count once.
-- reference: https://attack.mitre.org/techniques/T1199/
-- reference: https://attack.mitre.org/techniques/T1550/001/
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    user_identity_account_id AS caller_account,
    split_part(request_parameters->>'roleArn', ':', 5) AS role_account,
    request_parameters->>'roleArn' AS assumed_role,
    count(DISTINCT coalesce(shared_event_id, event_id)) AS events,
    count(DISTINCT CASE WHEN is_error THEN coalesce(shared_event_id, event_id) END) AS errors,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'sts'
  AND event_name = 'AssumeRole'
  AND split_part(request_parameters->>'roleArn', ':', 5) <> user_identity_account_id
GROUP BY 1, 2, 3
ORDER BY events DESC, caller_account, assumed_role
