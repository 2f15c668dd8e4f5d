-- title: Changes of network ACLs
-- answers: Who changed network access control lists?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.11
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'networkAclId' AS network_acl,
    request_parameters->>'cidrBlock' AS cidr,
    request_parameters->>'ruleAction' AS rule_action,
    json_get_int(request_parameters, 'ruleNumber') AS rule_number,
    json_get_bool(request_parameters, 'egress') AS egress,
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
      'CreateNetworkAcl', 'CreateNetworkAclEntry', 'DeleteNetworkAcl', 'DeleteNetworkAclEntry',
      'ReplaceNetworkAclEntry', 'ReplaceNetworkAclAssociation'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
