-- title: Database snapshots shared
-- answers: Which snapshots of databases were shared with other accounts or with everyone?
-- reference: https://attack.mitre.org/techniques/T1537/
-- reference: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ShareSnapshot.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = false: attempts that failed, too
SELECT
    event_time,
    snapshot,
    btrim(shared_with, '"') AS shared_with,
    btrim(shared_with, '"') = 'all' AS public,
    principal,
    source_ip_address,
    region,
    account,
    error_code,
    event_id
FROM (
    SELECT
        event_time,
        coalesce(
            request_parameters->>'dBSnapshotIdentifier',
            request_parameters->>'dBClusterSnapshotIdentifier'
        ) AS snapshot,
        unnest(json_get_array(request_parameters, 'valuesToAdd')) AS shared_with,
        coalesce(
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        source_ip_address,
        region,
        recipient_account_id AS account,
        error_code,
        event_id
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'rds'
      AND event_name IN ('ModifyDBSnapshotAttribute', 'ModifyDBClusterSnapshotAttribute')
      AND request_parameters->>'attributeName' = 'restore'
      AND ($include_failed OR NOT is_error)
)
ORDER BY event_time, event_id, shared_with
