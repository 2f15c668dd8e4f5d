-- title: Databases deleted
-- answers: Who deleted databases, tables, clusters or file systems, and was a last snapshot kept?
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_DeleteInstance.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    service,
    coalesce(
        request_parameters->>'dBInstanceIdentifier',
        request_parameters->>'dBClusterIdentifier',
        request_parameters->>'globalClusterIdentifier',
        request_parameters->>'tableName',
        request_parameters->>'clusterIdentifier',
        request_parameters->>'cacheClusterId',
        request_parameters->>'replicationGroupId',
        request_parameters->>'fileSystemId',
        request_parameters->>'domainName'
    ) AS target,
    coalesce(
        json_get_bool(request_parameters, 'skipFinalSnapshot'),
        json_get_bool(request_parameters, 'skipFinalClusterSnapshot')
    ) AS without_last_snapshot,
    json_get_bool(request_parameters, 'deleteAutomatedBackups') AS with_backups,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('rds', 'dynamodb', 'redshift', 'elasticache', 'elasticfilesystem', 'es')
  AND event_name IN (
      'DeleteDBInstance', 'DeleteDBCluster', 'DeleteGlobalCluster', 'DeleteTable', 'DeleteCluster',
      'DeleteCacheCluster', 'DeleteReplicationGroup', 'DeleteFileSystem', 'DeleteDomain',
      'DeleteElasticsearchDomain'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
