-- title: One address failing as many users
-- answers: From which addresses did sign-ins fail for many different users?
-- reference: https://attack.mitre.org/techniques/T1110/003/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.6
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_users integer = 5: different users at least
SELECT
    source_ip_address,
    count(DISTINCT coalesce(user_identity_user_name, user_identity_arn, principal_kind)) AS users,
    count(*) AS events,
    count(DISTINCT recipient_account_id) AS accounts,
    array_sort(array_agg(DISTINCT coalesce(user_identity_user_name, user_identity_arn, principal_kind))) AS user_names,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'signin'
  AND event_name = 'ConsoleLogin'
  AND response_elements->>'ConsoleLogin' = 'Failure'
GROUP BY 1
HAVING count(DISTINCT coalesce(user_identity_user_name, user_identity_arn, principal_kind)) >= $min_users
ORDER BY users DESC, source_ip_address
