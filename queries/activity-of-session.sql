-- title: What a console or role session did
-- answers: What happened in the sessions of one session name or source identity?
--   The name of a session is what somebody chose when the role was assumed, often the name of a person.
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param session text: the name of the session or the source identity, or a LIKE pattern
-- param limit integer = 1000: rows at most
SELECT
    event_time,
    event_name,
    service,
    region,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    user_agent,
    error_code,
    read_only,
    coalesce(resources[1]['arn'], resources[1]['arn_prefix']) AS first_resource,
    request_parameters,
    recipient_account_id AS account,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND (split_part(user_identity_principal_id, ':', 2) LIKE $session OR session_source_identity LIKE $session)
-- the newest, if there are too many
QUALIFY row_number() OVER (ORDER BY event_time DESC, event_id DESC) <= $limit
ORDER BY event_time, event_id
