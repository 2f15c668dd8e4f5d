-- title: Actions that several accounts recorded
-- answers: Which actions were delivered to more than one account?
--   The copies share an id. Count such actions by coalesce(shared_event_id, event_id) to count each once.
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-set-bucket-policy-for-multiple-accounts.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param min_accounts integer = 2: accounts at least
SELECT
    min(event_time) AS event_time,
    service,
    event_name,
    count(*) AS events,
    array_sort(array_agg(DISTINCT recipient_account_id)) AS accounts,
    -- the copy in the account of the caller has the ARN, others may only have an id
    max(coalesce(user_identity_arn, user_identity_principal_id, user_identity_invoked_by)) AS principal,
    shared_event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND shared_event_id IS NOT NULL
  -- the start and the end of an Insight share an id, too
  AND event_category <> 'Insight'
GROUP BY service, event_name, shared_event_id
HAVING count(DISTINCT recipient_account_id) >= $min_accounts
ORDER BY event_time, shared_event_id
