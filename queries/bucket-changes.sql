-- title: Changes of bucket policies and settings
-- answers: Who changed the policy, ACL, CORS, lifecycle or replication of a bucket?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.8
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND event_name IN (
      'PutBucketAcl', 'PutBucketPolicy', 'PutBucketCors', 'PutBucketLifecycle',
      'PutBucketReplication', 'DeleteBucketPolicy', 'DeleteBucketCors', 'DeleteBucketLifecycle',
      'DeleteBucketReplication'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
