-- title: Console sign-ins without MFA
-- answers: Which IAM users and root users signed in to the console with nothing but a password?
--   Sign-ins through an identity provider are left out: their MFA happens there.
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.2
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.10
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    event_time,
    coalesce(user_identity_user_name, user_identity_arn, principal_kind) AS user_name,
    recipient_account_id AS account,
    source_ip_address,
    user_agent,
    additional_event_data->>'LoginTo' AS login_to,
    region,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'signin'
  AND event_name = 'ConsoleLogin'
  AND response_elements->>'ConsoleLogin' = 'Success'
  AND principal_kind IN ('iam_user', 'root')
  AND additional_event_data->>'SamlProviderArn' IS NULL
  AND additional_event_data->>'MFAUsed' IS DISTINCT FROM 'Yes'
ORDER BY event_time, event_id
