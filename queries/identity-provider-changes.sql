-- title: Identity providers made, changed or removed
-- answers: Who changed the SAML or OpenID Connect providers that may sign people in?
-- reference: https://attack.mitre.org/techniques/T1484/002/
-- reference: https://attack.mitre.org/techniques/T1556/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'sAMLProviderArn',
        request_parameters->>'openIDConnectProviderArn',
        response_elements->>'sAMLProviderArn',
        response_elements->>'openIDConnectProviderArn',
        request_parameters->>'name',
        request_parameters->>'url'
    ) AS provider,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'iam'
  AND event_name IN (
      'CreateSAMLProvider', 'UpdateSAMLProvider', 'DeleteSAMLProvider', 'CreateOpenIDConnectProvider',
      'DeleteOpenIDConnectProvider', 'UpdateOpenIDConnectProviderThumbprint',
      'AddClientIDToOpenIDConnectProvider', 'RemoveClientIDFromOpenIDConnectProvider'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
