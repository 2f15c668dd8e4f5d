-- title: What was done with the credentials of assumed roles
-- answers: Who assumed which role, and what was done with the credentials that were handed out?
-- reference: https://attack.mitre.org/techniques/T1550/001/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param caller text = %: who assumed the role, or a LIKE pattern
SELECT
    i.issued,
    i.caller,
    i.assumed_role,
    i.access_key_id,
    i.source_ip_address AS assumed_from,
    array_sort(array_agg(DISTINCT u.source_ip_address)) AS used_from,
    count(*) AS events,
    count(*) FILTER (WHERE u.is_error) AS errors,
    array_sort(array_agg(DISTINCT u.service)) AS services,
    min(u.event_time) AS first_seen,
    max(u.event_time) AS last_seen
FROM (
    SELECT
        response_elements->'credentials'->>'accessKeyId' AS access_key_id,
        min(event_time) AS issued,
        -- the ARN rather than the bare id that the role's account gets to see
        max(coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown')) AS caller,
        min(request_parameters->>'roleArn') AS assumed_role,
        min(source_ip_address) AS source_ip_address
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'sts'
      AND event_name IN ('AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity')
    -- both accounts of an assumption across accounts have the event
    GROUP BY 1
) AS i
JOIN events AS u
  ON u.user_identity_access_key_id = i.access_key_id
WHERE u.event_time >= $since AND u.event_time < $until
  AND i.caller LIKE $caller
GROUP BY i.issued, i.caller, i.assumed_role, i.access_key_id, i.source_ip_address
ORDER BY i.issued, i.access_key_id
