-- title: Sessions made by sts:AssumeRoot
-- answers: Who assumed root in which member account, and what was done there?
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_root-user-privileged-task.html
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    event_time,
    event_name,
    event_source,
    CASE WHEN event_name = 'AssumeRoot' THEN request_parameters->>'targetPrincipal'
         ELSE user_identity_account_id END AS target,
    CASE WHEN event_name = 'AssumeRoot' THEN request_parameters->'taskPolicyArn'->>'arn' END AS task_policy,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND (session_assumed_root OR (service = 'sts' AND event_name = 'AssumeRoot'))
ORDER BY event_time, event_id
