-- title: Other defences turned off
-- answers: Who turned off Macie, Inspector, Detective, IAM Access Analyzer or a web application firewall?
-- reference: https://attack.mitre.org/techniques/T1562/001/
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    service,
    coalesce(
        request_parameters->>'analyzerName',
        request_parameters->>'GraphArn',
        request_parameters->>'resourceArn',
        request_parameters->>'name',
        request_parameters->>'webACLId',
        request_parameters->>'accountIds'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('macie2', 'inspector2', 'detective', 'access-analyzer', 'wafv2', 'waf-regional', 'network-firewall')
  AND event_name IN (
      'DisableMacie', 'Disable', 'DeleteGraph', 'DeleteAnalyzer', 'DeleteWebACL',
      'DisassociateWebACL', 'DeleteLoggingConfiguration', 'DeleteFirewall', 'DeleteFirewallPolicy'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
