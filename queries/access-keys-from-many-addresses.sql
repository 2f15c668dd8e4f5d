-- title: Access keys used from many addresses in a day
-- answers: Which long-term access keys came from unusually many addresses on one day?
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- reference: https://attack.mitre.org/techniques/T1552/001/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_addresses integer = 3: different addresses at least
SELECT
    date,
    user_identity_access_key_id AS access_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    count(DISTINCT source_ip_address) AS addresses,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND credential_type = 'long_term'
  -- services that act for the user show names of theirs instead of an address
  AND service_call_kind = 'none'
GROUP BY 1, 2, 3
HAVING count(DISTINCT source_ip_address) >= $min_addresses
ORDER BY addresses DESC, date, access_key_id, principal
