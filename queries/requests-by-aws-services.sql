-- title: Requests made by AWS services
-- answers: Which AWS services made requests, by themselves or for somebody?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    coalesce(user_identity_invoked_by, event_source) AS calling_service,
    service_call_kind,
    service AS called_service,
    CASE
        WHEN service_call_kind = 'on_behalf_of' THEN coalesce(session_issuer_arn, user_identity_arn)
    END AS on_behalf_of,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT event_name)) AS event_names,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND is_aws_service
GROUP BY 1, 2, 3, 4
ORDER BY events DESC, calling_service, called_service, service_call_kind, on_behalf_of
