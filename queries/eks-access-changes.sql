-- title: Access to EKS clusters changed
-- answers: Who let whom into Kubernetes clusters, or opened their endpoints?
-- reference: https://attack.mitre.org/techniques/T1098/006/
-- reference: https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'clusterName', request_parameters->>'name') AS cluster,
    coalesce(request_parameters->>'principalArn', request_parameters->>'roleArn') AS given_to,
    request_parameters->>'policyArn' AS policy,
    json_get_bool(request_parameters, 'resourcesVpcConfig', 'endpointPublicAccess') AS public_endpoint,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'eks'
  AND event_name IN (
      'CreateAccessEntry', 'UpdateAccessEntry', 'DeleteAccessEntry', 'AssociateAccessPolicy',
      'DisassociateAccessPolicy', 'UpdateClusterConfig', 'CreatePodIdentityAssociation'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
