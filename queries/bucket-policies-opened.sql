-- title: Bucket policies opened to everyone
-- answers: Which bucket policies allow something to everyone, without a condition?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.8
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param with_condition boolean = false: statements with a condition, too
SELECT
    event_time,
    event_name,
    bucket,
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
        bucket,
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
            request_parameters->>'bucketName' AS bucket,
            request_parameters->>'bucketPolicy' AS policy,
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
          AND service = 's3'
          AND event_name = 'PutBucketPolicy'
          AND NOT is_error
    )
)
WHERE statement->>'Effect' = 'Allow'
  AND (statement->>'Principal' = '*' OR statement->'Principal'->>'AWS' ~ '^[*]$|"[*]"')
  AND ($with_condition OR statement->>'Condition' IS NULL)
ORDER BY event_time, event_id, actions, resources
