-- title: Changes of VPCs and peerings
-- answers: Who made, changed, deleted or connected virtual networks?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.14
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'vpcId', response_elements->'vpc'->>'vpcId') AS vpc,
    coalesce(request_parameters->>'peerVpcId', request_parameters->>'vpcPeeringConnectionId') AS peer,
    request_parameters->>'peerOwnerId' AS peer_account,
    request_parameters->>'cidrBlock' AS cidr,
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
      'CreateVpc', 'DeleteVpc', 'ModifyVpcAttribute', 'AcceptVpcPeeringConnection',
      'CreateVpcPeeringConnection', 'DeleteVpcPeeringConnection', 'RejectVpcPeeringConnection',
      'AttachClassicLinkVpc', 'DetachClassicLinkVpc', 'DisableVpcClassicLink', 'EnableVpcClassicLink'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
