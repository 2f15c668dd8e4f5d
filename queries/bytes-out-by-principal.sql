-- title: Bytes sent out of S3 by principal and address
-- answers: To whom did data leave S3, how much, and to which addresses?
-- reference: https://attack.mitre.org/techniques/T1530/
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/AmazonS3/latest/userguide/cloudtrail-logging.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_bytes number = 0: bytes at least
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    source_ip_address,
    sum(json_get_float(additional_event_data, 'bytesTransferredOut')) AS bytes_out,
    round(sum(json_get_float(additional_event_data, 'bytesTransferredOut')) / 1073741824, 3) AS gibibytes_out,
    count(*) AS events,
    array_sort(array_agg(DISTINCT request_parameters->>'bucketName')) AS buckets,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 's3'
  AND json_get_float(additional_event_data, 'bytesTransferredOut') > 0
GROUP BY 1, 2
HAVING sum(json_get_float(additional_event_data, 'bytesTransferredOut')) >= $min_bytes
ORDER BY bytes_out DESC, principal, source_ip_address
