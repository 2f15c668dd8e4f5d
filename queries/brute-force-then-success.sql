-- title: Sign-ins after many failures
-- answers: Which console sign-ins succeeded after a row of failures of the same user?
-- reference: https://attack.mitre.org/techniques/T1110/001/
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_failures integer = 5: failures before the success at least
-- param minutes integer = 60: how long before it failures count
SELECT
    s.event_time AS signed_in,
    s.user_name,
    s.account,
    s.source_ip_address,
    s.mfa_used,
    count(*) AS failures,
    count(DISTINCT f.source_ip_address) AS failing_addresses,
    min(f.event_time) AS first_failure,
    max(f.event_time) AS last_failure,
    s.event_id
FROM (
    SELECT
        event_time,
        event_id,
        coalesce(user_identity_user_name, user_identity_arn, principal_kind) AS user_name,
        recipient_account_id AS account,
        source_ip_address,
        additional_event_data->>'MFAUsed' AS mfa_used
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'signin' AND event_name = 'ConsoleLogin'
      AND response_elements->>'ConsoleLogin' = 'Success'
) AS s
JOIN (
    SELECT
        event_time,
        coalesce(user_identity_user_name, user_identity_arn, principal_kind) AS user_name,
        recipient_account_id AS account,
        source_ip_address
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'signin' AND event_name = 'ConsoleLogin'
      AND response_elements->>'ConsoleLogin' = 'Failure'
) AS f
  ON f.account = s.account AND f.user_name = s.user_name
WHERE f.event_time <= s.event_time
  AND f.event_time >= s.event_time - CAST($minutes || ' minutes' AS INTERVAL)
GROUP BY s.event_time, s.user_name, s.account, s.source_ip_address, s.mfa_used, s.event_id
HAVING count(*) >= $min_failures
ORDER BY signed_in, s.event_id
