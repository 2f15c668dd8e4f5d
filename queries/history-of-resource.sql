-- title: What happened to a resource
-- answers: Which calls name one resource, in their parameters, answers or list of resources?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param resource text: a part of its name, id or ARN
-- param include_reads boolean = false: reading calls, too
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
    strpos(request_parameters, $resource) > 0
    OR strpos(response_elements, $resource) > 0
    -- few events list more than two, such as an object and its bucket
    OR strpos(resources[1]['arn'], $resource) > 0
    OR strpos(resources[2]['arn'], $resource) > 0
    OR strpos(resources[3]['arn'], $resource) > 0
  )
  AND ($include_reads OR read_only IS NOT TRUE)
-- the newest, if there are too many
QUALIFY row_number() OVER (ORDER BY event_time DESC, event_id DESC) <= $limit
ORDER BY event_time, event_id
