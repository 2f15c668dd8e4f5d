-- title: Roles passed to services
-- answers: Who handed a role to something that runs code or makes resources?
--   iam:PassRole leaves no event of its own; the role is in the call that passed it.
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- reference: https://attack.mitre.org/techniques/T1098/003/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    event_time,
    event_name,
    passed_role,
    principal,
    source_ip_address,
    region,
    account,
    error_code,
    event_id
FROM (
    SELECT
        event_time,
        event_name,
        coalesce(
            request_parameters->>'role',
            request_parameters->>'roleArn',
            request_parameters->>'roleARN',
            request_parameters->>'serviceRole',
            request_parameters->>'taskRoleArn',
            json_as_text(request_parameters, 'iamInstanceProfile', 'arn'),
            json_as_text(request_parameters, 'iamInstanceProfile', 'name'),
            request_parameters->'AssociateIamInstanceProfileRequest'->'IamInstanceProfile'->>'Arn',
            request_parameters->'AssociateIamInstanceProfileRequest'->'IamInstanceProfile'->>'Name'
        ) AS passed_role,
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
      AND service IN ('ec2', 'lambda', 'cloudformation', 'ecs', 'glue', 'sagemaker', 'codebuild', 'states')
      AND event_name ~ '^(Run|Associate|Create|Update|Register)'
      AND service_call_kind = 'none'
      AND ($include_failed OR NOT is_error)
)
WHERE passed_role IS NOT NULL
ORDER BY event_time, event_id
