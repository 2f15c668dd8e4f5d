-- title: Calls with access keys of the root user
-- answers: Which access keys of the root user are in use, from where, and for what?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.4
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    user_identity_access_key_id AS access_key_id,
    recipient_account_id AS account,
    source_ip_address,
    count(*) AS events,
    array_sort(array_agg(DISTINCT service)) AS services,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND is_root
  AND credential_type = 'long_term'
GROUP BY 1, 2, 3
ORDER BY events DESC, access_key_id, account, source_ip_address
