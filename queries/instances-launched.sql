-- title: Instances launched
-- answers: Who launched which machines, and how many?
-- reference: https://attack.mitre.org/techniques/T1578/002/
-- reference: https://attack.mitre.org/techniques/T1496/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param instance_type text = %: the type, or a LIKE pattern such as p4d.% or %.metal
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    request_parameters->>'instanceType' AS instance_type,
    json_get_int(request_parameters, 'instancesSet', 'items', 0, 'maxCount') AS asked_for,
    json_length(response_elements, 'instancesSet', 'items') AS launched,
    json_as_text(request_parameters, 'instancesSet', 'items', 0, 'imageId') AS image_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name = 'RunInstances'
  AND request_parameters->>'instanceType' LIKE $instance_type
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
