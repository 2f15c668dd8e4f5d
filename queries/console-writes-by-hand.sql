-- title: Changes made by hand in the console
-- answers: Who changed something in the console, where code should have done it?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-non-api-events.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    event_time,
    event_name,
    service,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    user_agent,
    region,
    recipient_account_id AS account,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND NOT read_only
  AND NOT is_error
  AND service <> 'signin'
  AND service_call_kind = 'none'
  -- the first mark exists since eventVersion 1.08 and not for all services, the others are what consoles send
  AND (
    session_credential_from_console
    OR user_identity_invoked_by = 'signin.amazonaws.com'
    OR user_agent IN ('signin.amazonaws.com', 'console.amazonaws.com', 'console.ec2.amazonaws.com')
    OR user_agent ~ 'S3Console|AWS-Console|^Mozilla/|^\[Mozilla/'
  )
ORDER BY event_time, event_id
