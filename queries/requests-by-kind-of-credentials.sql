-- title: With which credentials the requests were made
-- answers: Were requests made with long-term keys, temporary credentials, passwords or tokens?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    credential_type,
    principal_kind,
    session_mfa_authenticated AS mfa,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT user_identity_access_key_id) AS access_keys,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1, 2, 3
ORDER BY events DESC, credential_type, principal_kind, mfa
