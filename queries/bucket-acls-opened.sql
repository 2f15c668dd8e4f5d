-- title: Bucket and object ACLs opened to everyone
-- answers: Which bucket or object ACLs give access to everyone or to every AWS account?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.8
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    request_parameters->>'key' AS object_key,
    request_parameters->>'x-amz-acl' AS canned_acl,
    request_parameters->'AccessControlPolicy'->>'AccessControlList' AS grants,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND event_name IN ('PutBucketAcl', 'PutObjectAcl', 'CreateBucket', 'PutObject')
  AND (
    request_parameters->>'x-amz-acl' ~ 'public-read|authenticated-read'
    OR concat(
      request_parameters->>'AccessControlPolicy',
      request_parameters->>'x-amz-grant-read',
      request_parameters->>'x-amz-grant-write',
      request_parameters->>'x-amz-grant-full-control'
    ) ~ 'groups/global/(AllUsers|AuthenticatedUsers)'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
