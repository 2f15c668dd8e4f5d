-- title: Permissions on queues and topics given to accounts
-- answers: Which accounts were let into SQS queues and SNS topics with AddPermission?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    coalesce(request_parameters->>'queueUrl', request_parameters->>'topicArn') AS target,
    coalesce(
        request_parameters->>'aWSAccountIds',
        request_parameters->>'AWSAccountIds',
        request_parameters->>'aWSAccountId'
    ) AS accounts,
    coalesce(request_parameters->>'actions', request_parameters->>'actionName') AS actions,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('sqs', 'sns')
  AND event_name = 'AddPermission'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
