-- doc: Events as in the table that AWS documents for Athena: its names, nested structs, payloads as JSON text.
-- reference: https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table.html
SELECT
  event_version AS eventversion,
  named_struct(
    'type', user_identity_type,
    'principalid', user_identity_principal_id,
    'arn', user_identity_arn,
    'accountid', user_identity_account_id,
    'invokedby', user_identity_invoked_by,
    'accesskeyid', user_identity_access_key_id,
    'username', user_identity_user_name,
    'onbehalfof', named_struct(
      'userid', on_behalf_of_user_id,
      'identitystorearn', on_behalf_of_identity_store_arn),
    'sessioncontext', named_struct(
      'attributes', named_struct(
        'mfaauthenticated', CAST(session_mfa_authenticated AS VARCHAR),
        'creationdate', event_time_text(session_creation_date)),
      'sessionissuer', named_struct(
        'type', session_issuer_type,
        'principalid', session_issuer_principal_id,
        'arn', session_issuer_arn,
        'accountid', session_issuer_account_id,
        'username', session_issuer_user_name),
      'ec2roledelivery', session_ec2_role_delivery,
      'sourceidentity', session_source_identity,
      'webidfederationdata', named_struct(
        'federatedprovider', web_id_federated_provider,
        'attributes', web_id_attributes))
  ) AS useridentity,
  event_time_text(event_time) AS eventtime,
  event_source AS eventsource,
  event_name AS eventname,
  aws_region AS awsregion,
  source_ip_address AS sourceipaddress,
  user_agent AS useragent,
  error_code AS errorcode,
  error_message AS errormessage,
  request_parameters AS requestparameters,
  response_elements AS responseelements,
  additional_event_data AS additionaleventdata,
  request_id AS requestid,
  event_id AS eventid,
  athena_resources(resources) AS resources,
  event_type AS eventtype,
  api_version AS apiversion,
  CAST(read_only AS VARCHAR) AS readonly,
  recipient_account_id AS recipientaccountid,
  service_event_details AS serviceeventdetails,
  shared_event_id AS sharedeventid,
  vpc_endpoint_id AS vpcendpointid,
  vpc_endpoint_account_id AS vpcendpointaccountid,
  event_category AS eventcategory,
  named_struct(
    'reason', addendum_reason,
    'updatedfields', addendum_updated_fields,
    'originalrequestid', addendum_original_request_id,
    'originaleventid', addendum_original_event_id) AS addendum,
  CAST(session_credential_from_console AS VARCHAR) AS sessioncredentialfromconsole,
  edge_device_details AS edgedevicedetails,
  named_struct(
    'tlsversion', tls_version,
    'ciphersuite', tls_cipher_suite,
    'clientprovidedhostheader', tls_client_provided_host_header) AS tlsdetails,
  CAST(management_event AS VARCHAR) AS managementevent,
  insight_details AS insightdetails,
  -- The partitions that AWS's tables have, by the day of the event.
  coalesce(recipient_account_id, user_identity_account_id) AS account,
  region,
  date_format(date, '%Y') AS year,
  date_format(date, '%m') AS month,
  date_format(date, '%d') AS day,
  date_format(date, '%Y/%m/%d') AS timestamp,
  date,
  service
FROM events
