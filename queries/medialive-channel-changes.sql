-- title: Changes of MediaLive channels and inputs
-- answers: Who made, started, stopped, changed or deleted channels, inputs and their helpers in MediaLive?
-- reference: https://docs.aws.amazon.com/medialive/latest/ug/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'channelId',
        request_parameters->>'inputId',
        request_parameters->>'inputSecurityGroupId',
        request_parameters->>'multiplexId'
    ) AS id,
    request_parameters->>'name' AS name,
    request_parameters->>'type' AS input_type,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'medialive'
  AND event_name !~ '^(Describe|List)'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
