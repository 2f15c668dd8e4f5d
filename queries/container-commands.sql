-- title: Commands run in containers
-- answers: Who ran a command inside a running container of ECS?
--   What is run inside EKS goes to the audit log of Kubernetes and not to CloudTrail: see eks-access-changes
--   for who was let in.
-- reference: https://attack.mitre.org/techniques/T1609/
-- reference: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    request_parameters->>'cluster' AS cluster,
    request_parameters->>'task' AS task,
    request_parameters->>'container' AS container,
    request_parameters->>'command' AS command,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ecs'
  AND event_name = 'ExecuteCommand'
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
