-- doc: Each principal (of sessions: the role): first and last seen, keys, addresses, regions, services.
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
SELECT
  coalesce(session_issuer_arn, user_identity_arn, user_identity_principal_id, user_identity_invoked_by) AS principal,
  principal_kind,
  coalesce(session_issuer_account_id, user_identity_account_id) AS account_id,
  min(event_time) AS first_seen,
  max(event_time) AS last_seen,
  count(*) AS events,
  count(*) FILTER (WHERE is_error) AS errors,
  count(DISTINCT date) AS days,
  array_sort(array_agg(DISTINCT user_identity_access_key_id) FILTER (WHERE user_identity_access_key_id <> '')) AS access_key_ids,
  array_sort(array_agg(DISTINCT credential_type)) AS credential_types,
  array_sort(array_agg(DISTINCT source_ip_address) FILTER (WHERE source_ip_address IS NOT NULL)) AS source_ip_addresses,
  array_sort(array_agg(DISTINCT region)) AS regions,
  array_sort(array_agg(DISTINCT service)) AS services
FROM events
GROUP BY 1, 2, 3
