-- title: Trust anchors and profiles of IAM Roles Anywhere
-- answers: Who let certificates from outside AWS assume roles?
-- reference: https://attack.mitre.org/techniques/T1098/001/
-- reference: https://attack.mitre.org/techniques/T1484/002/
-- reference: https://docs.aws.amazon.com/rolesanywhere/latest/userguide/introduction.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'name' AS name,
    coalesce(
        response_elements->'trustAnchor'->>'trustAnchorArn',
        response_elements->'profile'->>'profileArn'
    ) AS arn,
    request_parameters->>'roleArns' AS roles,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'rolesanywhere'
  AND event_name IN (
      'CreateTrustAnchor', 'UpdateTrustAnchor', 'EnableTrustAnchor', 'CreateProfile', 'UpdateProfile',
      'EnableProfile'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
