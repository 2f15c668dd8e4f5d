-- title: Credentials that contradict each other
-- answers: Which events show a long-term key next to signs of a temporary session?
--   In original logs this should not be; expect it in anonymised or edited ones.
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    user_identity_access_key_id AS access_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    principal_kind,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND credential_conflict
GROUP BY 1, 2, 3
ORDER BY events DESC, access_key_id, principal, principal_kind
