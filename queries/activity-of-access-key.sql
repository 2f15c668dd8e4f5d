-- title: What was done with an access key
-- answers: What was done with one access key, and by whom was it made?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://attack.mitre.org/techniques/T1078/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param access_key text: the id of the access key, long-term or temporary
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
  AND (
    user_identity_access_key_id = $access_key
    OR response_elements->'accessKey'->>'accessKeyId' = $access_key
    OR response_elements->'credentials'->>'accessKeyId' = $access_key
  )
-- the newest, if there are too many
QUALIFY row_number() OVER (ORDER BY event_time DESC, event_id DESC) <= $limit
ORDER BY event_time, event_id
