-- doc: Events as in an event data store of CloudTrail Lake; what are maps there is JSON text, for element_at and json_extract.
-- reference: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/query-supported-event-schemas.html
SELECT
  event_version AS eventversion,
  named_struct(
    'type', user_identity_type,
    'principalid', user_identity_principal_id,
    'arn', user_identity_arn,
    'accountid', user_identity_account_id,
    'accesskeyid', user_identity_access_key_id,
    'username', user_identity_user_name,
    'sessioncontext', named_struct(
      'attributes', named_struct(
        'creationdate', session_creation_date,
        'mfaauthenticated', CAST(session_mfa_authenticated AS VARCHAR)),
      'sessionissuer', named_struct(
        'type', session_issuer_type,
        'principalid', session_issuer_principal_id,
        'arn', session_issuer_arn,
        'accountid', session_issuer_account_id,
        'username', session_issuer_user_name),
      'webidfederationdata', named_struct(
        'federatedprovider', web_id_federated_provider,
        'attributes', web_id_attributes),
      'sourceidentity', session_source_identity,
      'ec2roledelivery', session_ec2_role_delivery,
      -- Lake alone documents it; it is among the fields that fit no column.
      'ec2issuedinvpc', json_get_str(extra, 'userIdentity.sessionContext.ec2IssuedInVpc')),
    'onbehalfof', named_struct(
      'userid', on_behalf_of_user_id,
      'identitystorearn', on_behalf_of_identity_store_arn),
    'inscopeof', named_struct(
      'sourcearn', in_scope_of_source_arn,
      'sourceaccount', in_scope_of_source_account,
      'issuertype', in_scope_of_issuer_type,
      'credentialsissuedto', in_scope_of_credentials_issued_to),
    'invokedby', user_identity_invoked_by,
    'identityprovider', user_identity_identity_provider
  ) AS useridentity,
  event_time AS eventtime,
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
  read_only AS readonly,
  lake_resources(resources) AS resources,
  event_type AS eventtype,
  api_version AS apiversion,
  management_event AS managementevent,
  recipient_account_id AS recipientaccountid,
  shared_event_id AS sharedeventid,
  annotation,
  vpc_endpoint_id AS vpcendpointid,
  vpc_endpoint_account_id AS vpcendpointaccountid,
  service_event_details AS serviceeventdetails,
  json_object(
    'reason', addendum_reason,
    'updatedfields', addendum_updated_fields,
    'originalrequestid', addendum_original_request_id,
    'originaleventid', addendum_original_event_id) AS addendum,
  edge_device_details AS edgedevicedetails,
  insight_details AS insightdetails,
  event_category AS eventcategory,
  named_struct(
    'tlsversion', tls_version,
    'ciphersuite', tls_cipher_suite,
    'clientprovidedhostheader', tls_client_provided_host_header) AS tlsdetails,
  session_credential_from_console AS sessioncredentialfromconsole,
  event_context AS eventcontext,
  event_json({event}) AS eventjson,
  -- Kept nowhere but in a data store of AWS's.
  CAST(NULL AS VARCHAR) AS eventjsonchecksum,
  date,
  service,
  region
FROM events
