-- title: Failed console sign-ins
-- answers: Who failed to sign in to the console, how often, and from where?
--   CloudTrail hides the name if there is no such user.
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.6
-- reference: https://attack.mitre.org/techniques/T1110/
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_events integer = 1: failures at least
SELECT
    coalesce(user_identity_user_name, user_identity_arn, principal_kind) AS user_name,
    source_ip_address,
    recipient_account_id AS account,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen,
    array_sort(array_agg(DISTINCT error_message)) AS reasons
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'signin'
  AND event_name = 'ConsoleLogin'
  AND response_elements->>'ConsoleLogin' = 'Failure'
GROUP BY 1, 2, 3
HAVING count(*) >= $min_events
ORDER BY events DESC, user_name, source_ip_address, account
