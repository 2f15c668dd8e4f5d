-- title: Clients with old TLS versions
-- answers: Who still calls AWS with TLS 1.0 or 1.1, and with which client?
-- reference: https://aws.amazon.com/blogs/security/tls-1-2-required-for-aws-endpoints/
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    tls_version,
    service,
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    source_ip_address,
    user_agent,
    count(*) AS events,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND tls_version IN ('TLSv1', 'TLSv1.0', 'TLSv1.1')
GROUP BY 1, 2, 3, 4, 5
ORDER BY events DESC, tls_version, service, principal, source_ip_address, user_agent
