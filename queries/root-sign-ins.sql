-- title: Sign-ins of the root user
-- answers: When did the root user sign in to the console, from where, and with MFA?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.5
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.3
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    event_time,
    recipient_account_id AS account,
    coalesce(response_elements->>'ConsoleLogin', 'unknown') AS outcome,
    additional_event_data->>'MFAUsed' AS mfa_used,
    source_ip_address,
    user_agent,
    error_message,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'signin'
  AND event_name = 'ConsoleLogin'
  AND is_root
ORDER BY event_time, event_id
