-- title: Most used clients
-- answers: Which programs, SDKs and browsers made the calls?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param limit integer = 20: rows at most
SELECT
    split_part(btrim(user_agent, '[]'), ' ', 1) AS client,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    count(DISTINCT coalesce(session_issuer_arn, user_identity_arn, user_identity_invoked_by)) AS principals,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND user_agent IS NOT NULL
GROUP BY 1
QUALIFY row_number() OVER (ORDER BY count(*) DESC, client) <= $limit
ORDER BY events DESC, client
