-- title: Login keys pushed to instances
-- answers: Who sent an SSH key to an instance or its serial console, or opened the serial consoles?
-- reference: https://attack.mitre.org/techniques/T1098/004/
-- reference: https://attack.mitre.org/techniques/T1021/008/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'instanceId' AS instance,
    request_parameters->>'instanceOSUser' AS login_name,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('ec2-instance-connect', 'ec2')
  AND event_name IN (
      'SendSSHPublicKey', 'SendSerialConsoleSSHPublicKey', 'OpenTunnel', 'EnableSerialConsoleAccess'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
