-- title: KMS keys disabled or scheduled for deletion
-- answers: Which KMS keys were disabled, scheduled for deletion, or lost their key material?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 4.7
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'keyId' AS key_id,
    json_get_int(request_parameters, 'pendingWindowInDays') AS days_to_deletion,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'kms'
  AND event_name IN (
      'DisableKey', 'ScheduleKeyDeletion', 'DeleteImportedKeyMaterial', 'DisableKeyRotation'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
