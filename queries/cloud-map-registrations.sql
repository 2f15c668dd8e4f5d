-- title: Registrations in AWS Cloud Map
-- answers: Who registered or removed namespaces, services and instances in AWS Cloud Map?
-- reference: https://docs.aws.amazon.com/cloud-map/latest/dg/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'name',
        request_parameters->>'serviceId',
        request_parameters->>'id'
    ) AS target,
    request_parameters->>'instanceId' AS instance,
    request_parameters->'attributes'->>'AWS_INSTANCE_IPV4' AS instance_address,
    response_elements->>'operationId' AS operation_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'servicediscovery'
  AND event_name IN (
      'RegisterInstance', 'DeregisterInstance', 'CreateService', 'UpdateService', 'DeleteService',
      'CreatePublicDnsNamespace', 'CreatePrivateDnsNamespace', 'CreateHttpNamespace',
      'DeleteNamespace', 'UpdateInstanceCustomHealthStatus'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
