-- title: KMS key policies and grants
-- answers: Who changed the policy of a key or granted its use, and was it to another account?
--   Grants that services make for themselves are left out.
-- reference: https://docs.aws.amazon.com/kms/latest/developerguide/grants.html
-- reference: https://attack.mitre.org/techniques/T1098/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'keyId' AS key_id,
    request_parameters->>'granteePrincipal' AS grantee,
    request_parameters->>'operations' AS operations,
    replace(
        coalesce(request_parameters->>'granteePrincipal', request_parameters->>'policy'),
        recipient_account_id,
        ''
    ) ~ '::[0-9]{12}:' AS names_another_account,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'kms'
  AND event_name IN ('PutKeyPolicy', 'CreateGrant')
  AND service_call_kind = 'none'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
