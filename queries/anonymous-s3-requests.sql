-- title: Requests to S3 without any identity
-- answers: Who reached objects or buckets without signing in at all?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    request_parameters->>'key' AS object_key,
    source_ip_address,
    user_agent,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND user_identity_account_id = 'anonymous'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
