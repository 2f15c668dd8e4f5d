-- title: Machine images shared
-- answers: Which machine images were shared with other accounts, organizations or with everyone?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/sharing-amis.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    image_id,
    coalesce(
        shared_with->>'userId',
        shared_with->>'group',
        shared_with->>'organizationArn',
        shared_with->>'organizationalUnitArn'
    ) AS shared_with,
    coalesce(shared_with->>'group' = 'all', false) AS public,
    principal,
    source_ip_address,
    region,
    account,
    error_code,
    event_id
FROM (
    SELECT
        event_time,
        request_parameters->>'imageId' AS image_id,
        unnest(json_get_array(request_parameters, 'launchPermission', 'add', 'items')) AS shared_with,
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
      AND event_name = 'ModifyImageAttribute'
      AND ($include_failed OR NOT is_error)
)
ORDER BY event_time, event_id, shared_with
