-- title: Blocks of public access removed
-- answers: Who removed or loosened the block of public access of a bucket or an account?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 2.1.4
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    request_parameters->>'PublicAccessBlockConfiguration' AS new_settings,
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
      'DeleteBucketPublicAccessBlock', 'DeleteAccountPublicAccessBlock', 'PutBucketPublicAccessBlock',
      'PutAccountPublicAccessBlock'
  )
  AND (event_name LIKE 'Delete%' OR request_parameters->>'PublicAccessBlockConfiguration' LIKE '%false%')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
