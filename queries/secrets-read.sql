-- title: Secrets read
-- answers: Who read secrets from Secrets Manager, how many, and from where?
-- reference: https://attack.mitre.org/techniques/T1555/006/
-- reference: https://docs.aws.amazon.com/secretsmanager/latest/userguide/monitoring-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_secrets integer = 1: different secrets at least
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    source_ip_address,
    count(DISTINCT request_parameters->>'secretId') AS secrets,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT request_parameters->>'secretId')) AS secret_ids,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'secretsmanager'
  AND event_name IN ('GetSecretValue', 'BatchGetSecretValue')
GROUP BY 1, 2
HAVING count(DISTINCT request_parameters->>'secretId') >= $min_secrets
ORDER BY secrets DESC, principal, source_ip_address
