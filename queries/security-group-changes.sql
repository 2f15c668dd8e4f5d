-- title: Changes of security groups
-- answers: Who made, changed or deleted security groups and their rules?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.10
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'groupId',
        response_elements->>'groupId',
        request_parameters->'ModifySecurityGroupRulesRequest'->>'GroupId',
        request_parameters->>'groupName'
    ) AS security_group,
    coalesce(
        request_parameters->'ipPermissions'->>'items',
        request_parameters->>'cidrIp',
        request_parameters->'ModifySecurityGroupRulesRequest'->>'SecurityGroupRule'
    ) AS rules,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name IN (
      'AuthorizeSecurityGroupIngress', 'AuthorizeSecurityGroupEgress', 'RevokeSecurityGroupIngress',
      'RevokeSecurityGroupEgress', 'ModifySecurityGroupRules', 'CreateSecurityGroup',
      'DeleteSecurityGroup'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
