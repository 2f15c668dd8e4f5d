-- title: Changes of Kinesis streams
-- answers: Who made, deleted, resharded or otherwise changed Kinesis data streams?
-- reference: https://docs.aws.amazon.com/streams/latest/dev/logging-using-cloudtrail.html
-- reference: https://attack.mitre.org/techniques/T1485/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    coalesce(
        request_parameters->>'streamName',
        request_parameters->>'streamARN',
        request_parameters->>'resourceARN'
    ) AS stream,
    json_get_int(request_parameters, 'shardCount') AS shards,
    coalesce(
        request_parameters->>'shardToSplit',
        request_parameters->>'shardToMerge',
        request_parameters->>'consumerName'
    ) AS shard_or_consumer,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'kinesis'
  AND event_name IN (
      'CreateStream', 'DeleteStream', 'SplitShard', 'MergeShards', 'UpdateShardCount',
      'UpdateStreamMode', 'IncreaseStreamRetentionPeriod', 'DecreaseStreamRetentionPeriod',
      'StartStreamEncryption', 'StopStreamEncryption', 'EnableEnhancedMonitoring',
      'DisableEnhancedMonitoring', 'RegisterStreamConsumer', 'DeregisterStreamConsumer',
      'PutResourcePolicy', 'DeleteResourcePolicy'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
