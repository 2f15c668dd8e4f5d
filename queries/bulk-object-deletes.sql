-- title: Many objects deleted in a short time
-- answers: Who deleted unusually many objects of a bucket in a short time?
--   DeleteObjects names many objects at once, and since June 2025 each of them has an event of its own, too.
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 3.8
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param minutes integer = 60: length of the windows
-- param min_events integer = 100: deletions in a window at least
SELECT
    date_bin(CAST($minutes || ' minutes' AS INTERVAL), event_time) AS window_start,
    request_parameters->>'bucketName' AS bucket,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    count(*) AS events,
    count(*) FILTER (WHERE event_name = 'DeleteObjects') AS batches,
    count(*) FILTER (WHERE request_parameters->>'versionId' IS NOT NULL) AS versions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND event_name IN ('DeleteObject', 'DeleteObjects')
  AND NOT is_error
GROUP BY 1, 2, 3, 4
HAVING count(*) >= $min_events
ORDER BY events DESC, window_start, bucket, principal, source_ip_address
