-- title: Parameters read from Parameter Store
-- answers: Who read which parameters of Systems Manager, decrypted or not?
-- reference: https://attack.mitre.org/techniques/T1555/006/
-- reference: https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param in_plain_too boolean = false: parameters read without decryption, too
-- param include_failed boolean = false: attempts that failed, too
SELECT
    principal,
    source_ip_address,
    count(DISTINCT parameter) AS parameters,
    count(DISTINCT event_id) AS events,
    array_sort(array_agg(DISTINCT btrim(parameter, '"'))) AS names,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM (
    SELECT
        event_time,
        event_id,
        coalesce(
            session_issuer_arn,
            user_identity_arn,
            user_identity_invoked_by,
            user_identity_principal_id,
            'unknown'
        ) AS principal,
        source_ip_address,
        unnest(coalesce(
            json_get_array(request_parameters, 'names'),
            make_array(coalesce(request_parameters->>'name', request_parameters->>'path'))
        )) AS parameter
    FROM events
    WHERE event_time >= $since AND event_time < $until
      AND service = 'ssm'
      AND event_name IN ('GetParameter', 'GetParameters', 'GetParametersByPath', 'GetParameterHistory')
      AND ($in_plain_too OR json_get_bool(request_parameters, 'withDecryption'))
      AND ($include_failed OR NOT is_error)
)
GROUP BY 1, 2
ORDER BY parameters DESC, principal, source_ip_address
