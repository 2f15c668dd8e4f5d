-- title: Foundation models called
-- answers: Who calls which models of Bedrock, and from where?
-- reference: https://attack.mitre.org/techniques/T1496/004/
-- reference: https://docs.aws.amazon.com/bedrock/latest/userguide/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'modelId' AS model,
    user_agent,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'bedrock'
  AND event_name IN (
      'InvokeModel', 'InvokeModelWithResponseStream', 'Converse', 'ConverseStream',
      'PutUseCaseForModelAccess', 'PutFoundationModelEntitlement', 'CreateFoundationModelAgreement'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
