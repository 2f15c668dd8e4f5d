-- title: Queue policies opened to everyone
-- answers: Which SQS queues may everybody use, without a condition?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-security-best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param with_condition boolean = false: statements with a condition, too
SELECT
    event_time,
    event_name,
    queue,
    statement->>'Action' AS actions,
    statement->>'Resource' AS resources,
    statement->>'Condition' AS condition,
    principal,
    source_ip_address,
    region,
    account,
    event_id
FROM (
    SELECT
        event_time,
        event_name,
        queue,
        -- one statement may stand by itself instead of in a list
        unnest(coalesce(
            json_get_array(policy, 'Statement'),
            make_array(json_get_json(policy, 'Statement'))
        )) AS statement,
        principal,
        source_ip_address,
        region,
        account,
        event_id
    FROM (
        SELECT
            event_time,
            event_name,
            coalesce(request_parameters->>'queueUrl', request_parameters->>'queueName') AS queue,
            coalesce(
                request_parameters->'attributes'->>'Policy',
                request_parameters->'attribute'->>'Policy'
            ) AS policy,
            coalesce(
                user_identity_arn,
                user_identity_invoked_by,
                user_identity_principal_id,
                'unknown'
            ) AS principal,
            source_ip_address,
            region,
            recipient_account_id AS account,
            event_id
        FROM events
        WHERE event_time >= $since AND event_time < $until
          AND service = 'sqs'
          AND event_name IN ('SetQueueAttributes', 'CreateQueue')
          AND NOT is_error
    )
)
WHERE statement->>'Effect' = 'Allow'
  AND (statement->>'Principal' = '*' OR statement->'Principal'->>'AWS' ~ '^[*]$|"[*]"')
  AND ($with_condition OR statement->>'Condition' IS NULL)
ORDER BY event_time, event_id, actions, resources
