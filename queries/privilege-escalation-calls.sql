-- title: Calls that can raise privileges
-- answers: Who made calls by which a principal can give itself more permissions, and in what way?
-- reference: https://attack.mitre.org/techniques/T1098/
-- reference: https://attack.mitre.org/techniques/T1548/005/
-- reference: https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
-- param since timestamp = 1970-01-01T00:00:00Z: events from then on
-- param until timestamp = 9999-01-01T00:00:00Z: events before then
-- param include_failed boolean = true: attempts that failed, too
SELECT
    coalesce(
        session_issuer_arn,
        user_identity_arn,
        user_identity_invoked_by,
        user_identity_principal_id,
        'unknown'
    ) AS principal,
    CASE
        WHEN event_name IN ('AttachUserPolicy', 'AttachRolePolicy', 'AttachGroupPolicy') THEN 'attached a policy'
        WHEN event_name IN ('PutUserPolicy', 'PutRolePolicy', 'PutGroupPolicy') THEN 'wrote an inline policy'
        WHEN event_name IN ('CreatePolicyVersion', 'SetDefaultPolicyVersion') THEN 'changed a policy'
        WHEN event_name = 'UpdateAssumeRolePolicy' THEN 'changed who may assume a role'
        WHEN event_name = 'AddUserToGroup' THEN 'joined a group'
        WHEN event_name = 'CreateAccessKey' THEN 'made an access key'
        WHEN event_name IN ('CreateLoginProfile', 'UpdateLoginProfile') THEN 'set a console password'
        WHEN event_name IN ('DeleteUserPermissionsBoundary', 'DeleteRolePermissionsBoundary')
            THEN 'removed a permissions boundary'
        WHEN event_name = 'AddRoleToInstanceProfile' THEN 'put a role into an instance profile'
        ELSE 'changed code that runs with a role'
    END AS way,
    count(*) AS events,
    count(*) FILTER (WHERE is_error) AS errors,
    array_sort(array_agg(DISTINCT coalesce(
        request_parameters->>'userName',
        request_parameters->>'roleName',
        request_parameters->>'groupName',
        request_parameters->>'policyArn',
        request_parameters->>'functionName',
        request_parameters->>'instanceProfileName',
        'unknown'
    ))) AS targets,
    min(event_time) AS first_seen,
    max(event_time) AS last_seen
FROM events
WHERE event_time >= $since AND event_time < $until
  AND service IN ('iam', 'lambda')
  AND (
    event_name IN (
      'AttachUserPolicy', 'AttachRolePolicy', 'AttachGroupPolicy', 'PutUserPolicy', 'PutRolePolicy',
      'PutGroupPolicy', 'CreatePolicyVersion', 'SetDefaultPolicyVersion', 'UpdateAssumeRolePolicy',
      'AddUserToGroup', 'CreateAccessKey', 'CreateLoginProfile', 'UpdateLoginProfile',
      'DeleteUserPermissionsBoundary', 'DeleteRolePermissionsBoundary', 'AddRoleToInstanceProfile'
    )
    OR event_name LIKE 'UpdateFunctionCode%'
  )
  AND ($include_failed OR NOT is_error)
GROUP BY 1, 2
ORDER BY events DESC, principal, way
