-- title: Changes of DNS records
-- answers: Who changed which records of hosted zones in Route 53?
-- reference: https://attack.mitre.org/techniques/T1584/002/
-- reference: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    change->>'action' AS action,
    change->'resourceRecordSet'->>'name' AS record_name,
    change->'resourceRecordSet'->>'type' AS record_type,
    coalesce(
        change->'resourceRecordSet'->>'resourceRecords',
        change->'resourceRecordSet'->'aliasTarget'->>'dNSName'
    ) AS record_value,
    hosted_zone,
    principal,
    source_ip_address,
    account,
    error_code,
    event_id
FROM (
    SELECT
        event_time,
        unnest(json_get_array(request_parameters, 'changeBatch', 'changes')) AS change,
        request_parameters->>'hostedZoneId' AS hosted_zone,
        coalesce(
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        source_ip_address,
        recipient_account_id AS account,
        error_code,
        event_id
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'route53'
      AND event_name = 'ChangeResourceRecordSets'
      AND ($include_failed OR NOT is_error)
)
ORDER BY event_time, event_id, record_name, record_type, action, record_value
