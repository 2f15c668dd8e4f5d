-- title: Changes of route tables
-- answers: Who changed where the traffic of a network goes?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.13
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'routeTableId' AS route_table,
    coalesce(
        request_parameters->>'destinationCidrBlock',
        request_parameters->>'destinationIpv6CidrBlock'
    ) AS destination,
    coalesce(
        request_parameters->>'gatewayId',
        request_parameters->>'natGatewayId',
        request_parameters->>'networkInterfaceId',
        request_parameters->>'instanceId',
        request_parameters->>'vpcPeeringConnectionId',
        request_parameters->>'transitGatewayId'
    ) AS via,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name IN (
      'CreateRoute', 'CreateRouteTable', 'ReplaceRoute', 'ReplaceRouteTableAssociation',
      'DeleteRouteTable', 'DeleteRoute', 'DisassociateRouteTable'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
