-- title: Requests of federated users
-- answers: Who came in through an identity provider, and from where?
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
-- reference: https://attack.mitre.org/techniques/T1199/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
SELECT
    coalesce(
        web_id_federated_provider,
        user_identity_identity_provider,
        additional_event_data->>'SamlProviderArn',
        'GetFederationToken'
    ) AS provider,
    coalesce(
        user_identity_user_name,
        user_identity_arn,
        user_identity_principal_id,
        'unknown'
    ) AS federated_user,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT event_name)) AS event_names,
    array_sort(array_agg(DISTINCT source_ip_address)) AS source_ip_addresses,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND is_federated
GROUP BY 1, 2
ORDER BY events DESC, provider, federated_user
