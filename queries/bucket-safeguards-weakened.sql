-- title: Versioning, encryption, logging or locks of buckets weakened
-- answers: Who suspended the versioning of a bucket, removed its encryption or replication, or let its objects
--   expire?
-- reference: https://attack.mitre.org/techniques/T1490/
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    coalesce(
        request_parameters->>'VersioningConfiguration',
        request_parameters->>'LifecycleConfiguration',
        request_parameters->>'BucketLoggingStatus'
    ) AS new_settings,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND (
    event_name IN ('DeleteBucketEncryption', 'DeleteBucketReplication')
    OR (event_name = 'PutBucketVersioning'
      AND request_parameters->'VersioningConfiguration'->>'Status' = 'Suspended')
    OR (event_name = 'PutBucketLifecycle' AND request_parameters->>'LifecycleConfiguration' LIKE '%Expiration%')
    -- logging is switched off by a status that names no target
    OR (event_name = 'PutBucketLogging'
      AND request_parameters->'BucketLoggingStatus'->>'LoggingEnabled' IS NULL)
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
