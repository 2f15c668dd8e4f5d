-- title: Callers that asked who they are
-- answers: Who called GetCallerIdentity, from where, and with which client?
--   It needs no permission, so it is the first call of many who found an access key.
-- reference: https://attack.mitre.org/techniques/T1033/
-- reference: https://attack.mitre.org/techniques/T1087/004/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param all_credentials boolean = true: whether temporary credentials count, too; false for long-term access keys only
SELECT
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    user_identity_access_key_id AS access_key_id,
    source_ip_address,
    user_agent,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'sts'
  AND event_name = 'GetCallerIdentity'
  AND service_call_kind = 'none'
  AND ($all_credentials OR credential_type = 'long_term')
GROUP BY 1, 2, 3, 4
ORDER BY events DESC, principal, access_key_id, source_ip_address, user_agent
