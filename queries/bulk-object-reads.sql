-- title: Many objects read in a short time
-- answers: Who read unusually many objects of a bucket in a short time, and how many bytes?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 3.9
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param minutes integer = 60: length of the windows
-- param min_objects integer = 1000: different objects in a window at least
SELECT
    date_bin(CAST($minutes || ' minutes' AS INTERVAL), event_time) AS window_start,
    request_parameters->>'bucketName' AS bucket,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    count(DISTINCT request_parameters->>'key') AS objects,
    count(*) AS events,
    sum(json_get_float(additional_event_data, 'bytesTransferredOut')) AS bytes_out,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND event_name = 'GetObject'
  AND NOT is_error
GROUP BY 1, 2, 3, 4
HAVING count(DISTINCT request_parameters->>'key') >= $min_objects
ORDER BY objects DESC, window_start, bucket, principal, source_ip_address
