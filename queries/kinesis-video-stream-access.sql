-- title: Access to Kinesis video streams
-- answers: Who asked for a way to watch or fetch which video streams, or watched them?
-- reference: https://docs.aws.amazon.com/kinesisvideostreams/latest/dg/monitoring-cloudtrail.html
-- reference: https://attack.mitre.org/techniques/T1530/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'streamName',
        request_parameters->>'streamARN',
        request_parameters->>'channelARN'
    ) AS stream,
    request_parameters->>'aPIName' AS asked_for,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'kinesisvideo'
  AND event_name IN (
      'GetDataEndpoint', 'GetSignalingChannelEndpoint', 'GetHLSStreamingSessionURL',
      'GetDASHStreamingSessionURL', 'GetMedia', 'GetMediaForFragmentList', 'GetClip', 'GetImages',
      'ListFragments'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
