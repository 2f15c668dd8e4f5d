-- title: Instance metadata service weakened
-- answers: Who allowed instances to use the first version of the metadata service again, or made its answers travel
--   further?
-- reference: CIS AWS Foundations Benchmark v3.0.0, 5.6
-- reference: https://attack.mitre.org/techniques/T1552/005/
-- reference: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param hop_limit integer = 1: hops that are fine
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->'ModifyInstanceMetadataOptionsRequest'->>'InstanceId' AS instance,
    coalesce(
        request_parameters->'ModifyInstanceMetadataOptionsRequest'->>'HttpTokens',
        request_parameters->'ModifyInstanceMetadataDefaultsRequest'->>'HttpTokens'
    ) AS http_tokens,
    coalesce(
        json_get_int(request_parameters, 'ModifyInstanceMetadataOptionsRequest', 'HttpPutResponseHopLimit'),
        json_get_int(request_parameters, 'ModifyInstanceMetadataDefaultsRequest', 'HttpPutResponseHopLimit')
    ) AS hop_limit,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'ec2'
  AND event_name IN ('ModifyInstanceMetadataOptions', 'ModifyInstanceMetadataDefaults')
  AND (
    coalesce(
      request_parameters->'ModifyInstanceMetadataOptionsRequest'->>'HttpTokens',
      request_parameters->'ModifyInstanceMetadataDefaultsRequest'->>'HttpTokens'
    ) = 'optional'
    OR coalesce(
      json_get_int(request_parameters, 'ModifyInstanceMetadataOptionsRequest', 'HttpPutResponseHopLimit'),
      json_get_int(request_parameters, 'ModifyInstanceMetadataDefaultsRequest', 'HttpPutResponseHopLimit')
    ) > $hop_limit
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
