-- title: Events in Regions that are not used
-- answers: What happens in Regions where nothing should?
-- reference: https://attack.mitre.org/techniques/T1535/
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param used_regions text = us-east-1: the Regions that are used, between commas
-- param include_reads boolean = false: reading calls, too
SELECT
    region,
    service,
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    count(*) AS events,
    count(*) FILTER (WHERE NOT read_only) AS writes,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT event_name)) AS event_names,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND NOT array_has(string_to_array(replace($used_regions, ' ', ''), ','), region)
  -- services look into every Region by themselves
  AND service_call_kind = 'none'
  AND ($include_reads OR read_only IS NOT TRUE)
GROUP BY 1, 2, 3
ORDER BY writes DESC, events DESC, region, service, principal
