-- title: Use of access keys by address and client
-- answers: From which addresses and with which clients is each long-term access key used?
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param access_key text = %: the key, or a LIKE pattern
SELECT
    user_identity_access_key_id AS access_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    user_agent,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND credential_type = 'long_term'
  AND user_identity_access_key_id LIKE $access_key
GROUP BY 1, 2, 3, 4
ORDER BY access_key_id, events DESC, principal, source_ip_address, user_agent
