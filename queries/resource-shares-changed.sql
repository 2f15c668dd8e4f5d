-- title: Resources shared through RAM
-- answers: Who shared resources through AWS RAM, and with whom?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/ram/latest/userguide/what-is.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'name', request_parameters->>'resourceShareArn') AS resource_share,
    request_parameters->>'principals' AS shared_with,
    request_parameters->>'resourceArns' AS resources,
    json_get_bool(request_parameters, 'allowExternalPrincipals') AS outside_the_organization,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ram'
  AND event_name IN (
      'CreateResourceShare', 'AssociateResourceShare', 'UpdateResourceShare',
      'AssociateResourceSharePermission', 'EnableSharingWithAwsOrganization'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
