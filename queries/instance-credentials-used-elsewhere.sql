-- title: Instance credentials used from several addresses
-- answers: Which credentials of EC2 instances came from more than one address?
--   They belong to one machine, so a second address may be a thief.
-- reference: https://attack.mitre.org/techniques/T1552/005/
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_addresses integer = 2: different addresses at least
SELECT
    session_issuer_arn AS role,
    split_part(user_identity_principal_id, ':', 2) AS instance,
    count(DISTINCT source_ip_address) AS addresses,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    array_sort(array_agg(DISTINCT split_part(btrim(user_agent, '[]'), '/', 1))) AS clients,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND principal_kind = 'assumed_role'
  -- the sessions of instances bear the names of the instances
  AND user_identity_principal_id ~ ':i-[0-9a-f]+$'
  AND service_call_kind = 'none'
  AND source_ip_address ~ '^[0-9a-fA-F.:]+$'
GROUP BY 1, 2
HAVING count(DISTINCT source_ip_address) >= $min_addresses
ORDER BY addresses DESC, role, instance
