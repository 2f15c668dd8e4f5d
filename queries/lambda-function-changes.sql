-- title: Lambda functions made, changed or deleted
-- answers: Who changed the code or the settings of Lambda functions, and with which layers?
-- reference: https://attack.mitre.org/techniques/T1648/
-- reference: https://attack.mitre.org/techniques/T1098/
-- reference: https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        response_elements->>'functionArn',
        request_parameters->>'functionName'
    ) AS function,
    request_parameters->>'role' AS role,
    request_parameters->>'layers' AS layers,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'lambda'
  -- the version of Lambda's API stands behind the names
  AND event_name ~ '^(CreateFunction|UpdateFunctionCode|UpdateFunctionConfiguration|DeleteFunction)[0-9]{8}'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
