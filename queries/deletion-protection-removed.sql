-- title: Protection against deletion removed
-- answers: Who removed what protects databases, tables, instances or stacks from being deleted?
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: https://attack.mitre.org/techniques/T1490/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    service,
    coalesce(
        request_parameters->>'dBInstanceIdentifier',
        request_parameters->>'dBClusterIdentifier',
        request_parameters->>'tableName',
        request_parameters->>'instanceId',
        request_parameters->>'stackName',
        request_parameters->>'loadBalancerArn'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('rds', 'dynamodb', 'ec2', 'cloudformation', 'elasticloadbalancing')
  AND (
    NOT json_get_bool(request_parameters, 'deletionProtection')
    OR NOT json_get_bool(request_parameters, 'deletionProtectionEnabled')
    OR NOT json_get_bool(request_parameters, 'disableApiTermination', 'value')
    OR (event_name = 'UpdateTerminationProtection'
      AND NOT json_get_bool(request_parameters, 'enableTerminationProtection'))
  )
  -- new ones are unprotected at first
  AND event_name ~ '^(Modify|Update)'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
