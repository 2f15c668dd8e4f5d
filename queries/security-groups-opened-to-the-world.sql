-- title: Security groups opened to the world
-- answers: Which security groups let in everyone, on which ports?
--   Rules rewritten by ModifySecurityGroupRules are in security-group-changes.
-- reference: CIS AWS Foundations Benchmark v3.0.0, 5.2
-- reference: CIS AWS Foundations Benchmark v3.0.0, 5.3
-- reference: https://attack.mitre.org/techniques/T1562/007/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    security_group,
    coalesce(range->>'cidrIp', range->>'cidrIpv6') AS cidr,
    permission->>'ipProtocol' AS protocol,
    json_get_int(permission, 'fromPort') AS from_port,
    json_get_int(permission, 'toPort') AS to_port,
    principal,
    source_ip_address,
    region,
    account,
    error_code,
    event_id
FROM (
    SELECT
        *,
        -- the short form of the call has the range beside the ports
        unnest(array_concat(
            json_get_array(permission, 'ipRanges', 'items'),
            json_get_array(permission, 'ipv6Ranges', 'items'),
            make_array(permission)
        )) AS range
    FROM (
        SELECT
            event_time,
            coalesce(request_parameters->>'groupId', request_parameters->>'groupName') AS security_group,
            unnest(coalesce(
                json_get_array(request_parameters, 'ipPermissions', 'items'),
                make_array(request_parameters)
            )) AS permission,
            coalesce(
                user_identity_arn,
                user_identity_invoked_by,
                user_identity_principal_id,
                'unknown'
            ) AS principal,
            source_ip_address,
            region,
            recipient_account_id AS account,
            error_code,
            event_id
        FROM events
        WHERE event_time >= $since AND event_time < $until
          AND service = 'ec2'
          AND event_name = 'AuthorizeSecurityGroupIngress'
          AND ($include_failed OR NOT is_error)
    )
)
-- 203.0.113.7/0 is the whole world, too
WHERE coalesce(range->>'cidrIp', range->>'cidrIpv6') LIKE '%/0'
ORDER BY event_time, event_id, cidr, protocol, from_port, to_port
