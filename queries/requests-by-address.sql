-- title: From where the requests came
-- answers: From which addresses did requests come, and whose were they?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 100: rows at most
SELECT
    source_ip_address,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    array_sort(array_agg(DISTINCT principal_kind)) AS principal_kinds,
    count(DISTINCT service) AS services,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND source_ip_address IS NOT NULL
GROUP BY 1
QUALIFY row_number() OVER (ORDER BY count(*) DESC, source_ip_address) <= $limit
ORDER BY events DESC, source_ip_address
