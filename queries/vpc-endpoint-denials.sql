-- title: Calls that a VPC endpoint denied
-- answers: Which calls were denied by the policies of VPC endpoints, and whose were they?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-network-events-with-cloudtrail.html
-- reference: https://attack.mitre.org/techniques/T1537/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    vpc_endpoint_id,
    service,
    event_name,
    coalesce(user_identity_arn, user_identity_principal_id, 'unknown') AS principal,
    user_identity_account_id AS principal_account,
    source_ip_address,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND event_category = 'NetworkActivity'
  AND error_code = 'VpceAccessDenied'
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY events DESC, vpc_endpoint_id, service, event_name, principal, principal_account, source_ip_address
