-- title: Domains transferred or unlocked
-- answers: Who moved a domain away, prepared to, deleted it or sent its name servers elsewhere?
-- reference: https://attack.mitre.org/techniques/T1584/001/
-- reference: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/domain-transfer-from-route-53.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    request_parameters->>'domainName' AS domain,
    request_parameters->>'accountId' AS to_account,
    request_parameters->>'nameservers' AS name_servers,
    coalesce(user_identity_arn, user_identity_invoked_by, user_identity_principal_id, 'unknown') AS principal,
    source_ip_address,
    region,
    recipient_account_id AS account,
    error_code,
    event_id
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service = 'route53domains'
  AND event_name IN (
      'TransferDomainToAnotherAwsAccount', 'AcceptDomainTransferFromAnotherAwsAccount',
      'TransferDomain', 'DisableDomainTransferLock', 'RetrieveDomainAuthCode',
      'UpdateDomainNameservers', 'UpdateDomainContact', 'DisableDomainAutoRenew', 'DeleteDomain'
  )
  AND ($include_failed OR NOT is_error)
ORDER BY event_time, event_id
