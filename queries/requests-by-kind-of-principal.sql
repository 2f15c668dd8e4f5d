-- title: Who made the requests
-- answers: Were requests made by root, IAM users, roles, federated users or AWS services?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    principal_kind,
    is_role_session,
    is_federated,
    service_call_kind,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
GROUP BY 1, 2, 3, 4
ORDER BY events DESC, principal_kind, is_role_session, is_federated, service_call_kind
