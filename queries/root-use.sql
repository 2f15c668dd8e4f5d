-- title: Use of the root user
-- answers: Who used the root user, for what, and from where?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.3
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    event_time,
    event_source,
    event_name,
    recipient_account_id AS account,
    source_ip_address,
    user_agent,
    credential_type,
    session_mfa_authenticated AS mfa,
    region,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND is_root
  -- sessions made by sts:AssumeRoot are no use of the root user itself: see assume-root-sessions
  AND session_assumed_root IS NOT TRUE
  -- nor are calls that a service makes for it
  AND service_call_kind = 'none'
ORDER BY event_time, event_id
