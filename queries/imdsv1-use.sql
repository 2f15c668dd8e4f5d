-- title: Credentials from the old metadata service
-- answers: Which instances still fetch their credentials from the first version of the instance metadata service?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 5.6
-- reference: https://attack.mitre.org/techniques/T1552/005/
-- reference: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    session_issuer_arn AS role,
    split_part(user_identity_principal_id, ':', 2) AS instance,
    recipient_account_id AS account,
    count(*) AS events,
    array_sort(array_agg(DISTINCT region)) AS regions,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND session_ec2_role_delivery = '1.0'
GROUP BY 1, 2, 3
ORDER BY events DESC, role, instance, account
