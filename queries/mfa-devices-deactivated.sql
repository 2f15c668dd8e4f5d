-- title: MFA devices removed
-- answers: Whose MFA device was taken away?
-- reference: https://attack.mitre.org/techniques/T1556/006/
-- reference: CIS AWS Foundations Benchmark v3.0.0, 1.10
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(request_parameters->>'userName', split_part(request_parameters->>'serialNumber', '/', -1)) AS user_name,
    request_parameters->>'serialNumber' AS serial_number,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN ('DeactivateMFADevice', 'DeleteVirtualMFADevice')
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
