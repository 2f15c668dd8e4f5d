-- title: Objects encrypted with keys from outside
-- answers: Who wrote objects encrypted with a key of their own or of another account?
--   That is how objects are held to ransom.
-- reference: https://attack.mitre.org/techniques/T1486/
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'bucketName' AS bucket,
    request_parameters->>'key' AS object_key,
    request_parameters->>'x-amz-server-side-encryption-customer-algorithm' AS customer_key_algorithm,
    request_parameters->>'x-amz-server-side-encryption-aws-kms-key-id' AS kms_key_id,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND event_name IN ('PutObject', 'CopyObject', 'CreateMultipartUpload')
  AND (
    request_parameters->>'x-amz-server-side-encryption-customer-algorithm' IS NOT NULL
    OR (
      request_parameters->>'x-amz-server-side-encryption-aws-kms-key-id' LIKE 'arn:%'
      AND split_part(request_parameters->>'x-amz-server-side-encryption-aws-kms-key-id', ':', 5)
        <> recipient_account_id
    )
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
