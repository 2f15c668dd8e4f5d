-- title: Requests made for users of IAM Identity Center
-- answers: For which users of IAM Identity Center were calls made?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://docs.aws.amazon.com/singlesignon/latest/userguide/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    on_behalf_of_user_id AS user_id,
    on_behalf_of_identity_store_arn AS identity_store,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT service)) AS services,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND on_behalf_of_user_id IS NOT NULL
GROUP BY 1, 2
ORDER BY events DESC, user_id, identity_store
