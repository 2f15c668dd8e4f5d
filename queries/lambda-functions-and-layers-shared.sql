-- title: Lambda functions and layers shared
-- answers: Which functions and layers may other accounts or everyone use, or are open to the internet by a URL?
-- reference: https://attack.mitre.org/techniques/T1648/
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'functionName', request_parameters->>'layerName') AS target,
    CASE
        WHEN request_parameters->>'authType' = 'NONE' THEN 'everyone, by URL'
        ELSE request_parameters->>'principal'
    END AS shared_with,
    request_parameters->>'action' AS action,
    request_parameters->>'sourceArn' AS on_behalf_of,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'lambda'
  AND (
    -- services are let in by name, accounts by number or ARN
    (event_name ~ '^(AddPermission|AddLayerVersionPermission)[0-9]{8}'
      AND request_parameters->>'principal' NOT LIKE '%.amazonaws.com')
    OR (event_name ~ '^(Create|Update)FunctionUrlConfig' AND request_parameters->>'authType' = 'NONE')
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
