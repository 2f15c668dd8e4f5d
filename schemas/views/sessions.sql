-- doc: Who got temporary credentials from STS, and each event that was made with them (one row without an event if there is none).
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
WITH issued AS (
  SELECT
    event_time AS issued_at,
    event_id AS issuing_event_id,
    event_name AS issued_by,
    user_identity_arn AS caller_arn,
    principal_kind AS caller_kind,
    user_identity_access_key_id AS caller_access_key_id,
    source_ip_address AS caller_ip_address,
    json_extract_scalar(request_parameters, '$.roleArn') AS role_arn,
    coalesce(
      json_extract_scalar(request_parameters, '$.roleSessionName'),
      json_extract_scalar(request_parameters, '$.name')) AS session_name,
    json_extract_scalar(response_elements, '$.credentials.accessKeyId') AS access_key_id
  FROM events
  WHERE service = 'sts'
    AND event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot',
                       'GetSessionToken', 'GetFederationToken')
)
SELECT
  issued.*,
  e.event_time,
  e.event_id,
  e.event_source,
  e.event_name,
  e.aws_region,
  e.source_ip_address,
  e.user_agent,
  e.error_code,
  e.user_identity_arn,
  e.recipient_account_id,
  e.request_parameters,
  e.response_elements,
  e.date,
  e.service,
  e.region
FROM issued
LEFT JOIN events e ON e.user_identity_access_key_id = issued.access_key_id
WHERE issued.access_key_id IS NOT NULL
