-- title: Permissions boundaries removed or replaced
-- answers: Whose permissions boundary was removed or replaced?
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'userName', request_parameters->>'roleName') AS bounded,
    request_parameters->>'permissionsBoundary' AS new_boundary,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN (
      'DeleteUserPermissionsBoundary', 'DeleteRolePermissionsBoundary', 'PutUserPermissionsBoundary',
      'PutRolePermissionsBoundary'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
