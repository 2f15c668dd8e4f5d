-- title: Policies of secrets, repositories and other resources opened to everyone
-- answers: Which secrets, image repositories, data catalogs, streams or backup vaults may everybody use?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_identity-vs-resource.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param with_condition boolean = false: statements with a condition, too
SELECT
    event_time,
    event_name,
    target,
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
        target,
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
            coalesce(
                request_parameters->>'secretId',
                request_parameters->>'repositoryName',
                request_parameters->>'resourceARN',
                request_parameters->>'backupVaultName'
            ) AS target,
            coalesce(
                request_parameters->>'resourcePolicy',
                request_parameters->>'policyText',
                request_parameters->>'policyInJson',
                request_parameters->>'policy'
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
          AND service IN ('secretsmanager', 'ecr', 'glue', 'kinesis', 'backup')
          AND event_name IN ('PutResourcePolicy', 'SetRepositoryPolicy', 'PutBackupVaultAccessPolicy')
          AND NOT is_error
    )
)
WHERE statement->>'Effect' = 'Allow'
  AND (statement->>'Principal' = '*' OR statement->'Principal'->>'AWS' ~ '^[*]$|"[*]"')
  AND ($with_condition OR statement->>'Condition' IS NULL)
ORDER BY event_time, event_id, actions, resources
