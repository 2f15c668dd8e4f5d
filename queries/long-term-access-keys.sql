-- title: Long-term access keys in use
-- answers: Which long-term access keys are still in use, when were they last seen, and for which services?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.12
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.14
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    user_identity_access_key_id AS access_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    count(*) AS events,
    count(DISTINCT date) AS days,
    array_sort(array_agg(DISTINCT service)) AS services,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND credential_type = 'long_term'
GROUP BY 1, 2
ORDER BY last_seen DESC, access_key_id, principal
