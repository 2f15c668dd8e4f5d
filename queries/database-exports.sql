-- title: Databases exported
-- answers: Who exported databases, tables or snapshots to S3?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://attack.mitre.org/techniques/T1530/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'sourceArn', request_parameters->>'tableArn') AS exported,
    coalesce(request_parameters->>'s3BucketName', request_parameters->>'s3Bucket') AS bucket,
    request_parameters->>'s3BucketOwner' AS bucket_account,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('rds', 'dynamodb')
  AND event_name IN ('StartExportTask', 'ExportTableToPointInTime')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
