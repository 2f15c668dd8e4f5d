-- title: Backups and snapshots deleted
-- answers: Who deleted backups, snapshots or their plans, or switched them off?
-- reference: https://attack.mitre.org/techniques/T1490/
-- reference: https://attack.mitre.org/techniques/T1485/
-- reference: https://docs.aws.amazon.com/aws-backup/latest/devguide/logging-using-cloudtrail.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    event_name,
    service,
    coalesce(
        request_parameters->>'recoveryPointArn',
        request_parameters->>'backupVaultName',
        request_parameters->>'backupPlanId',
        request_parameters->>'snapshotId',
        request_parameters->>'dBSnapshotIdentifier',
        request_parameters->>'dBClusterSnapshotIdentifier',
        request_parameters->>'backupArn',
        request_parameters->>'backupId',
        request_parameters->>'snapshotIdentifier',
        request_parameters->>'snapshotName',
        request_parameters->>'dBInstanceAutomatedBackupsArn',
        request_parameters->>'tableName'
    ) AS target,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('backup', 'ec2', 'rds', 'dynamodb', 'redshift', 'elasticache', 'fsx')
  AND service_call_kind = 'none'
  AND (
    event_name IN (
      'DeleteRecoveryPoint', 'DeleteBackupVault', 'DeleteBackupPlan', 'DeleteBackupSelection',
      'DeleteBackupVaultLockConfiguration', 'DisassociateRecoveryPoint', 'StopBackupJob', 'DeleteSnapshot',
      'DeleteDBSnapshot', 'DeleteDBClusterSnapshot', 'DeleteDBInstanceAutomatedBackup', 'DeleteBackup',
      'DeleteClusterSnapshot'
    )
    OR (event_name = 'UpdateContinuousBackups' AND NOT json_get_bool(
      request_parameters, 'pointInTimeRecoverySpecification', 'pointInTimeRecoveryEnabled'
    ))
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
