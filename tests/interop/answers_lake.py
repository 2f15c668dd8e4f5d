"""The answers to queries that are published for CloudTrail Lake, and to those of fixtures/queries/lake."""

import json
import re
from collections import Counter, defaultdict
from datetime import date

from answers import Answer, Answers, Event, answer, differ, distinct, everything, like, register, select, tally

LAKE: Answers = {}
# Queries that cannot run as they were published, nor in CloudTrail Lake.
LAKE_UNSUPPORTED = {
    "iam-idc-authenticate-api": "no SQL as published: FROM FROM",
    "attempted-s3-requests": "no SQL as published: a blank is missing before ORDER BY",
    "top-errors": "no SQL as published: blanks are missing before ORDER BY and LIMIT",
    "vpce-access-denied-s3": "selects columns that are not grouped by",
}
KEY = "AKIAIOSFODNN7EXAMPLE"
FIRST_WEEK = "(2023-01-01, 2023-01-07)"
JANUARY_2022 = "(2022-01-01, 2022-02-01)"
GROUPS = "[2023-07-06, 2023-07-08]", "[2023-07-06, 2023-07-09]"
JUNE = "[2025-06-01, 2025-06-30 23:59:59]"


def lake(name: str):
    """The answer to a query for CloudTrail Lake."""
    return register(LAKE, name)


def of(events: list[Event], source: str, *names: str, window: str = "(,)") -> list[Event]:
    """The events of a service, by name and time."""
    return [
        event
        for event in named(events, *names, window=window)
        if event("eventSource") == f"{source}.amazonaws.com"
    ]


def named(events: list[Event], *names: str, window: str = "(,)") -> list[Event]:
    """The events of these names, or of all if there are none."""
    return [event for event in events if (not names or event("eventName") in names) and event.within(window)]


def keyed(events: list[Event]) -> list[Event]:
    """The events of an access key in a week."""
    return [event for event in events if event("userIdentity.accessKeyId") == KEY and event.within(FIRST_WEEK)]


def of_alice(events: list[Event]) -> list[Event]:
    """The events of a user of IAM Identity Center in a week."""
    return [
        event
        for event in events
        if like(event("userIdentity.principalId"), "%alice@example.com") and event.within(FIRST_WEEK)
    ]


def of_role(events: list[Event]) -> list[Event]:
    """The events of a role in a week."""
    issuer = "arn:aws:iam::555555555555:role/alice"
    return [
        event
        for event in events
        if event("userIdentity.type") == "AssumedRole"
        and event("userIdentity.sessionContext.sessionIssuer.arn") == issuer
        and event.within(FIRST_WEEK)
    ]


# --- aws-samples/cloud-trail-lake-query-samples -----------------------------------------------------------------------


@lake("most-evaluated-config-rule")
def _(events: list[Event]) -> Answer:
    found = named(events, "PutEvaluations", window="(2022-11-01, 2022-11-22)")
    extra = "additionalEventData"
    groups = Counter(
        (e("eventTime")[:10], e("awsRegion"), e("recipientAccountId"), e.text(extra), e.entry(extra, "configRuleName"),
         e.entry(extra, "configRuleArn"))
        for e in found
    )  # fmt: skip
    rows = ((count, day, region, account, name, arn) for (day, region, account, _, name, arn), count in groups.items())
    spec = "totalevents datestamp:t awsregion recipientaccountid configrulename configrulearn"
    return answer(spec, rows, "-datestamp -totalevents recipientaccountid")


@lake("self-assume-role")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in of(events, "sts", "AssumeRole")
        if e("userIdentity.type") == "AssumedRole" and e("errorCode") is None and e.resources
        and e("userIdentity.sessionContext.sessionIssuer.arn") == e.resources[0].get("ARN")
    ]  # fmt: skip
    issuer = "userIdentity.sessionContext.sessionIssuer.arn"
    return select(
        found, f"eventID eventTime:t rolearn={issuer} roleidcolonrolesessionname=userIdentity.principalId"
    )


@lake("activity-performed-by-ip-address")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in named(events, window=FIRST_WEEK)
        if e("sourceIPAddress") == "192.0.2.76" and differ(e("userIdentity.accountId"), "555555555555")
    ]
    return distinct(found, "userIdentity.accountId")


def databases(events: list[Event], engine: str, window: str = "(,)") -> list[Event]:
    """Databases that were created."""
    found = named(events, "CreateDBInstance", window=window)
    return [event for event in found if event.entry("requestParameters", "engine") == engine]


DATABASE = "dbinstance=@requestParameters/dBInstanceIdentifier"
ENGINE = "engine=@requestParameters/engine dbengineversion=@requestParameters/engineVersion"


@lake("aurora-performance-insights")
def _(events: list[Event]) -> Answer:
    found = databases(events, "aurora-postgresql")
    found = [e for e in found if e.entry("requestParameters", "enablePerformanceInsights") == "true"]
    return select(found, f"{DATABASE} {ENGINE}")


@lake("aurora-mysql-instance-class")
def _(events: list[Event]) -> Answer:
    found = databases(events, "aurora-mysql", "[2022-01-01,)")
    instance = "instanceclass=@requestParameters/dBInstanceClass engine=@requestParameters/engine"
    return select(found, f"{DATABASE} {instance} datetime=eventTime:t")


@lake("aurora-postgresql-availability-zone")
def _(events: list[Event]) -> Answer:
    found = databases(events, "aurora-postgresql", "[2021-01-01, 2022-01-01)")
    return select(found, f"{DATABASE} {ENGINE} availabilityzone=@requestParameters/availabilityZone")


@lake("aws-support-access")
def _(events: list[Event]) -> Answer:
    found = [e for e in of(events, "sts") if e("userAgent") == "support.amazonaws.com"]
    spec = (
        "eventtime:t eventsource eventname awsregion sourceipaddress useragent useridtype ressourceaccountid"
        " ressourcearn eventtype eventcategory managementevent recipientaccountid requestparameters:j"
        " responseelements:j"
    )
    plain = "eventTime eventSource eventName awsRegion sourceIPAddress userAgent userIdentity.type"
    after = "eventType eventCategory managementEvent recipientAccountId requestParameters responseElements"
    return answer(
        spec,
        (
            [*map(e, plain.split()), e.resources[0].get("accountId"), e.resources[0].get("ARN"), *map(e, after.split())]
            for e in found
        ),
    )


BEDROCK = (
    "eventTime:t eventName userarn=userIdentity.arn identitytype=userIdentity.type sourceIPAddress userAgent awsRegion"
    " errorCode errorMessage"
)


@lake("bedrock-all-events")
def _(events: list[Event]) -> Answer:
    return select(of(events, "bedrock", window=JUNE), BEDROCK, "-eventtime")


@lake("bedrock-model-invocation")
def _(events: list[Event]) -> Answer:
    found = of(events, "bedrock", "InvokeModel", "InvokeModelWithResponseStream", window=JUNE)
    return select(found, BEDROCK, "-eventtime")


@lake("bedrock-potential-data-access")
def _(events: list[Event]) -> Answer:
    names = "Retrieve RetrieveAndGenerate GetKnowledgeBase ListKnowledgeBases GetDataSource ListDataSources GetAgent"
    found = of(events, "bedrock", *names.split(), "ListAgents", "InvokeAgent", window=JUNE)
    return select(found, BEDROCK, "-eventtime")


@lake("bedrock-policy-changes")
def _(events: list[Event]) -> Answer:
    logging = "ModelInvocationLoggingConfiguration"
    names = "CreateModelCustomizationJob CreateProvisionedModelThroughput CreateGuardrail DeleteGuardrail"
    names = [*names.split(), "UpdateGuardrail", f"Delete{logging}", f"Put{logging}", "TagResource", "UntagResource"]
    spec = (
        "eventTime:t eventName userarn=userIdentity.arn sourceIPAddress requestParameters:j responseElements:j"
    )
    return select(of(events, "bedrock", *names, window=JUNE), spec, "-eventtime")


@lake("stacksets-investigation")
def _(events: list[Event]) -> Answer:
    begun = [e("userIdentity.principalId") for e in events if e("eventID") == "c0ffee00-0010-4000-8000-000000000001"]
    uuid = "[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}"
    stacks = {
        re.sub(f"^StackSet-|(-{uuid})$", "", e.entry("requestParameters", "stackName") or "")
        for e in events
        if like(e("eventName"), "%Stack") and e("userIdentity.principalId") in begun
    }
    found = [
        e
        for e in named(events, window="(2024-10-20, 2024-10-25)")
        if like(e("eventName"), "%StackSet") and e.entry("requestParameters", "stackSetName") in stacks
    ]
    name = "stacksetname=@requestParameters/stackSetName"
    return select(found, f"userIdentity.principalId {name} eventName eventTime:t sourceIPAddress")


@lake("cloudtrail-configuration-changes")
def _(events: list[Event]) -> Answer:
    names = "CreateTrail UpdateTrail DeleteTrail StartLogging StopLogging"
    found = named(events, *names.split(), window=JANUARY_2022)
    return select(found, "eventName @requestParameters/name userIdentity.principalId eventTime:t")


@lake("console-login-with-no-mfa")
def _(events: list[Event]) -> Answer:
    found = of(events, "signin", "ConsoleLogin")
    return everything(e for e in found if e.entry("additionalEventData", "MFAUsed") == "No")


@lake("cross-account-access")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in named(events, window="(2022-04-30, 2022-06-01)")
        if differ(e("userIdentity.accountId"), e("recipientAccountId"))
    ]
    who = "userIdentity.principalId eventName eventSource userIdentity.accountId"
    return select(found, f"{who} recipientAccountId requestParameters:j eventTime:t")


@lake("data-by-week-day")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window="(2022-01-01, 2026-01-01)") if e("eventCategory") == "Data"]
    days = Counter(date.fromisoformat(e("eventTime")[:10]).isoweekday() for e in found)
    return answer("weekday eventcount", days.items(), "weekday")


USER_NAME = "username=userIdentity.sessionContext.sessionIssuer.userName"
CLUSTER = "dbcluster=@requestParameters/dBClusterIdentifier"


@lake("database-failover-information")
def _(events: list[Event]) -> Answer:
    found = named(events, "FailoverDBCluster")
    return select(found, f"awsRegion {CLUSTER} {USER_NAME} failovertime=eventTime:t")


@lake("database-reboot-information")
def _(events: list[Event]) -> Answer:
    found = named(events, "RebootDBInstance")
    return select(found, f"{DATABASE} {USER_NAME} reboottime=eventTime:t", "-reboottime")


@lake("db-cluster-point-in-time-restore")
def _(events: list[Event]) -> Answer:
    found = named(events, "RestoreDBClusterToPointInTime")
    source, target = "@requestParameters/sourceDBClusterIdentifier", "@requestParameters/dBClusterIdentifier"
    return select(found, f"source={source} target={target} {USER_NAME} restoretime=eventTime:t")


@lake("rds-db-deleted-with-no-snapshot")
def _(events: list[Event]) -> Answer:
    found = named(events, "DeleteDBCluster")
    found = [e for e in found if e.entry("requestParameters", "skipFinalSnapshot") == "true"]
    return select(found, f"{CLUSTER} {USER_NAME} deletedtime=eventTime:t")


@lake("dynamodb-scan-operations")
def _(events: list[Event]) -> Answer:
    return everything(of(events, "dynamodb", "scan"))


@lake("ec2-api-run-instances")
def _(events: list[Event]) -> Answer:
    spec = "recipientAccountId awsRegion eventID instances=@responseElements/instancesSet"
    return select(named(events, "RunInstances", window=FIRST_WEEK), spec)


@lake("ec2-events")
def _(events: list[Event]) -> Answer:
    names = """AssociateAddress DisassociateAddress CancelReservedInstancesListing CancelSpotInstanceRequests
        CreateNetworkAcl DeleteNetworkAcl CreateNetworkAclEntry 'CreateVpc DeleteVpcPeeringConnection
        RevokeSecurityGroupIngress RevokeSecurityGroupEgress DetachInternetGateway PurchaseReservedInstancesOffering
        ModifyReservedInstances AcceptVpcPeeringConnection RejectVpcPeeringConnection CreateVpcPeeringConnection"""
    return everything(named(events, *names.split()))


def group_changes(events: list[Event]) -> tuple[list[tuple[Event, str, str]], list[tuple[Event, str, str]]]:
    """Changes of security groups in two ways, with the group and the rule."""
    added = [
        (e, e.entry("requestParameters", "groupId"), e.entry("requestParameters", "ipPermissions"))
        for e in named(events, "AuthorizeSecurityGroupIngress", window=GROUPS[0])
    ]
    key = "ModifySecurityGroupRulesRequest"
    changed = [
        (e, e.scalar("requestParameters", key, "GroupId"), e.entry("requestParameters", key))
        for e in named(events, "ModifySecurityGroupRules", window=GROUPS[1])
    ]
    return added, changed


@lake("ec2-public-security-group")
def _(events: list[Event]) -> Answer:
    added, changed = group_changes(events)
    rows = (
        [e("eventName"), e("userIdentity.arn"), e("sourceIPAddress"), e("eventTime"), e("eventSource"), group, rule]
        for e, group, rule in [*added, *changed]
        if like(rule, "%0.0.0.0/0%")
    )
    spec = "eventname user sourceipaddress eventtime:t eventsource securitygroup securitygrouprule"
    return answer(spec, rows, "-eventtime")


@lake("ec2-security-historical-changes")
def _(events: list[Event]) -> Answer:
    added, changed = group_changes(events)
    rows = (
        [group, e("eventName"), e("eventTime"), rule, e("userIdentity.arn"), e("sourceIPAddress"), e("eventSource")]
        for e, group, rule in [*added, *changed]
    )
    spec = "securitygroup eventname eventtime:t securitygrouprule user sourceipaddress eventsource"
    return answer(spec, rows, "securitygroup eventtime")


@lake("estimate-configuration-items")
def _(events: list[Event]) -> Answer:
    sources = "eks ec2 vpc ecs iam autoscaling s3 rds backup athena cloudtrail cloudfront cloudformation code ecr"
    found = [
        e
        for e in named(events, window="(2023-10-01, 2023-10-30)")
        if (e("eventSource") or "").startswith((*sources.split(), "lambda", "efs"))
        and e("readOnly") is False and e("managementEvent") is True
    ]  # fmt: skip
    spec = "recipientAccountId awsRegion eventSource #totalpossibleci="
    return tally(found, spec, "-recipientaccountid -totalpossibleci")


@lake("event-response-element-by-event-id")
def _(events: list[Event]) -> Answer:
    found = [e for e in events if e("eventID") == "3270e016-59a1-4448-8dd1-d27a4796502d"]
    return select(found, "responseElements:j")


@lake("find-snapshots-not-encrypted")
def _(events: list[Event]) -> Answer:
    # AND binds tighter than OR, and no time is both before 2022 and after it: the second half finds nothing.
    found = [e for e in events if like(e("eventName"), "%CreateSnapshots%")]
    instance = ("CreateSnapshotsRequest", "InstanceSpecification", "InstanceId")
    spec = "principalid awsregion volume instance:j snapshotid"
    rows = (
        [
            e("userIdentity.principalId"), e("awsRegion"), e.entry("requestParameters", "volumeId"),
            json.dumps(e.scalar("requestParameters", *instance)), e.entry("responseElements", "snapshotId"),
        ]
        for e in found
    )  # fmt: skip
    return answer(spec.replace("principalid", ".principalid"), rows)


@lake("iam-access-key-activity")
def _(events: list[Event]) -> Answer:
    return select(keyed(events), "eventSource eventName sourceIPAddress eventTime:t errorCode", "eventtime")


@lake("iam-access-key-success-activity")
def _(events: list[Event]) -> Answer:
    found = [e for e in keyed(events) if e("errorCode") is None]
    return tally(found, "#numberevents= eventSource eventName", "-numberevents")


@lake("iam-idc-federate-api")
def _(events: list[Event]) -> Answer:
    found = of(events, "sso", "Federate", window=FIRST_WEEK)
    found = [e for e in found if e("userIdentity.userName") == "alice@example.com"]
    details = "accountid=@serviceEventDetails/account_id ssorole=@serviceEventDetails/role_name"
    return select(found, f"{details} eventID eventTime:t")


@lake("iam-idc-user-count-and-group-activity")
def _(events: list[Event]) -> Answer:
    return tally(of_alice(events), "eventSource eventName #apicount=", "-apicount")


@lake("iam-idc-user-create-iam-role")
def _(events: list[Event]) -> Answer:
    spec = "recipientAccountId awsRegion eventID eventTime:t errorCode errorMessage"
    return select(named(of_alice(events), "CreateRole"), spec)


@lake("iam-idc-user-denied-activity")
def _(events: list[Event]) -> Answer:
    found = [e for e in of_alice(events) if e("errorCode") == "AccessDenied" or like(e("errorCode"), "%Unauthorized%")]
    spec = "recipientAccountId awsRegion eventSource eventName readOnly errorCode errorMessage eventTime:t eventID"
    return select(found, spec)


@lake("iam-idc-user-modify-iam-policy")
def _(events: list[Event]) -> Answer:
    details = "rolename=@requestParameters/roleName policydocument=@requestParameters/policyDocument"
    return select(named(of_alice(events), "PutRolePolicy"), f"recipientAccountId eventID eventTime:t {details}")


@lake("iam-idc-user-mutable-actions")
def _(events: list[Event]) -> Answer:
    found = [e for e in of_alice(events) if e("readOnly") is False]
    return select(found, "eventSource eventName eventTime:t eventID errorCode")


@lake("iam-principal-by-launched-ec2-instance-id")
def _(events: list[Event]) -> Answer:
    found = named(events, "RunInstances", window=FIRST_WEEK)
    found = [e for e in found if like(e.entry("responseElements", "instancesSet"), '%"instanceId":"i-b188560f"%')]
    return select(found, "userIdentity.principalId eventName eventTime:t recipientAccountId awsRegion")


@lake("iam-role-activity")
def _(events: list[Event]) -> Answer:
    return select(of_role(events), "eventSource eventName eventTime:t eventID errorCode")


@lake("iam-role-assumed-by-iam-access-key")
def _(events: list[Event]) -> Answer:
    return select(named(keyed(events), "AssumeRole"), "requestParameters:j responseElements:j")


@lake("s3-putobjects-encryption-status")
def _(events: list[Event]) -> Answer:
    spec = (
        "recipientAccountId eventTime:t s3bucket=@requestParameters/bucketName s3object=@requestParameters/key"
        " reqencryption=@requestParameters/x-amz-server-side-encryption"
        " respencryption=@responseElements/x-amz-server-side-encryption"
    )
    return select(named(events, "PutObject"), spec, "-eventtime")


@lake("all-events-flattened")
def _(events: list[Event]) -> Answer:
    who = "userIdentity"
    issuer = f"{who}.sessionContext.sessionIssuer"
    provider = f"{who}.sessionContext.webIdFederationData"
    session = f"{who}.sessionContext"
    spec = (
        f"eventVersion {who}.principalId {who}.arn {who}.accountId {who}.accessKeyId {who}.userName"
        f" {session}.attributes.creationDate:t {session}.attributes.mfaAuthenticated"
        f" {issuer}.type {issuer}.principalId {issuer}.arn {issuer}.accountId {issuer}.userName"
        f" {provider}.federatedProvider {provider}.attributes:j"
        f" {session}.sourceIdentity {session}.ec2RoleDelivery {session}.ec2IssuedInVpc {who}.invokedBy"
        f" {who}.identityProvider eventTime:t eventSource eventName awsRegion sourceIPAddress userAgent errorCode"
        " errorMessage requestParameters:j responseElements:j additionalEventData:j requestID eventID readOnly"
        " resources:j eventType apiVersion managementEvent recipientAccountId sharedEventID annotation vpcEndpointId"
        " serviceEventDetails:j addendum:j edgeDeviceDetails:j insightDetails:j eventCategory tlsDetails.tlsVersion"
        " tlsDetails.cipherSuite tlsDetails.clientProvidedHostHeader sessionCredentialFromConsole"
    )
    found = named(events, window="[2023-01-01, 2023-01-07]")
    rows = select(found, spec).rows
    # The event itself; and its checksum, of which AWS does not say how it is made: it is NULL.
    rows = [[*row, compact_event, None] for row, compact_event in zip(rows, (e.value for e in found), strict=True)]
    return answer(spec + " eventJson:j eventJsonChecksum", rows)


@lake("manually-created-resources")
def _(events: list[Event]) -> Answer:
    names = ("%Create%", "%Update%", "%Put%", "%Delete%")
    found = [
        e
        for e in events
        if any(like(e("eventName"), name) for name in names) and e("resources") is not None
        and not like(e("userIdentity.sessionContext.sessionIssuer.userName"), "AWSServiceRole%")
        and differ(e("userIdentity.sessionContext.sessionIssuer.userName"), "")
        and differ(e("sourceIPAddress"), "cloudformation.amazonaws.com")
    ]  # fmt: skip
    spec = "user=userIdentity.arn userIdentity:u eventTime:t eventSource eventName awsRegion requestParameters:j"
    return select(found, f"{spec} resources:j requestID eventID", "-eventtime")


@lake("events-with-errors")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window=JANUARY_2022) if e("errorCode") is not None]
    spec = (
        "userIdentity.arn eventTime:t eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage"
        " requestParameters:j readOnly resources:j recipientAccountId tlsDetails:j"
    )
    return select(found, spec)


@lake("write-events-from-management-console")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in named(events, window=JANUARY_2022)
        if e("sessionCredentialFromConsole") == "true" and e("readOnly") is False
    ]
    spec = "userIdentity.arn eventTime:t eventSource eventName awsRegion sourceIPAddress userAgent requestParameters:j"
    # Whether it is given as a boolean or as a text makes no difference here.
    return select(found, f"{spec} readOnly recipientAccountId sessionCredentialFromConsole:j")


@lake("logs-by-region")
def _(events: list[Event]) -> Answer:
    found = named(events, window="(2022-04-23, 2022-11-26)")
    return tally(found, "awsRegion eventSource #apicount=", "-apicount")


@lake("vpce-access-denied-secrets-manager")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in of(events, "secretsmanager", window=JUNE)
        if e("eventCategory") == "NetworkActivity" and e("errorCode") == "VpceAccessDenied"
    ]
    who = "eventTime:t userIdentity.userName userIdentity.accountId eventType eventCategory eventName errorCode"
    return select(found, f"{who} errorMessage vpcEndpointId vpcEndpointAccountId sourceIPAddress", "eventtime")


@lake("vpce-access-denied")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in named(events, window=JUNE)
        if e("eventCategory") == "NetworkActivity" and e("errorCode") == "VpceAccessDenied"
    ]
    who = "#vpcaccessdenied= userIdentity.arn userIdentity.accountId eventName errorMessage"
    return tally(found, f"{who} vpcEndpointId vpcEndpointAccountId sourceIPAddress", "-eventname")


@lake("resource-compliance")
def _(events: list[Event]) -> Answer:
    parts = ("complianceType", "complianceResourceType", "complianceResourceId")
    rows = (
        [
            *map(e, ("eventTime", "awsRegion", "recipientAccountId")),
            e.entry("additionalEventData", "configRuleName"),
            *(e.scalar("requestParameters", "evaluations", 0, part) for part in parts),
        ]
        for e in named(events, "PutEvaluations", window="(2023-11-16, 2023-11-17)")
        if e.scalar("requestParameters", "evaluations", 0, parts[0]) in ("COMPLIANT", "NON_COMPLIANT")
    )
    return answer(
        "eventtime:t awsregion recipientaccountid configrulename compliance resourcetype resourcename", rows
    )


@lake("s3-actions-by-iam-access-key")
def _(events: list[Event]) -> Answer:
    found = named(keyed(events), "CopyObject", "DeleteObject", "DeleteObjects", "GetObject", "HeadObject", "PutObject")
    return select(found, "bucketname=@requestParameters/bucketName objectname=@requestParameters/key eventName")


@lake("s3-public-access-block-changes")
def _(events: list[Event]) -> Answer:
    names = "PutPublicAccessBlock", "DeletePublicAccessBlock", "PutBucketPublicAccessBlock"
    part = "PublicAccessBlockConfiguration"
    rows = (
        [
            e.entry("requestParameters", "bucketName"),
            e.scalar("requestParameters", part, "RestrictPublicBuckets"),
            e.scalar("requestParameters", part, "BlockPublicPolicy"),
            e.entry("requestParameters", part),
            *map(e, ("eventName", "eventTime", "requestParameters", "userIdentity.arn", "responseElements")),
        ]
        for e in of(events, "s3", *names, window="[2023-07-07,)")
        if e.entry("requestParameters", "bucketName") == "demo-20230707"
    )
    spec = "bucketname restrictpublicbuckets blockpublicpolicy publicaccessblockconfiguration eventname eventtime:t"
    return answer(f"{spec} requestparameters:j user responseelements:j", rows, "bucketname -eventtime")


@lake("s3-buckets-using-acls")
def _(events: list[Event]) -> Answer:
    found = [e for e in events if e.entry("additionalEventData", "aclRequired") == "Yes"]
    spec = "bucket=@requestParameters/bucketName region=awsRegion accountid=recipientAccountId"
    return distinct(found, spec, "accountid region")


@lake("tag-history-by-resource")
def _(events: list[Event]) -> Answer:
    rows = (
        [
            e("awsRegion"), e("eventSource"),
            e.scalar("requestParameters", "resourcesSet", "items", 0, "resourceId"), e("eventTime"), e("eventName"),
            e.scalar("requestParameters", "tagSet", "items", 0, "key"),
            e.scalar("requestParameters", "tagSet", "items", 0, "value"), e("userIdentity.arn"),
        ]
        for e in named(events, "CreateTags", "DeleteTags", window="(2022-01-01,)")
    )  # fmt: skip
    spec = "awsregion eventsource resourceid eventtime:t eventname key value identityarn"
    return answer(spec, rows, "resourceid key -eventtime")


@lake("tls-unsupported-version")
def _(events: list[Event]) -> Answer:
    found = [
        e
        for e in named(events, window="[2023-06-20, 2023-06-27]")
        if like(e("tlsDetails.tlsVersion"), "TLSv%") and float(e("tlsDetails.tlsVersion")[4:]) <= 1.1
    ]
    spec = "eventSource tlsDetails.tlsVersion sourceIPAddress recipientAccountId #numoutdatedtlscalls="
    return tally(found, spec, "-numoutdatedtlscalls")


@lake("tls-version")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window=JANUARY_2022) if differ(e("tlsDetails.tlsVersion"), "TLSv1.3")]
    return select(found, "eventName awsRegion sourceIPAddress recipientAccountId tlsDetails.tlsVersion")


@lake("top-actions-by-iam-role")
def _(events: list[Event]) -> Answer:
    return tally(of_role(events), "#numberevents= eventSource eventName", "-numberevents")


@lake("top-iam-actions-by-principal")
def _(events: list[Event]) -> Answer:
    found = [e for e in of(events, "iam", window="[2022-01-08,)") if e("userIdentity.principalId") is not None]
    return tally(found, "#apicount= eventName recipientAccountId userIdentity.principalId", "-apicount")


@lake("top-s3-objects")
def _(events: list[Event]) -> Answer:
    found = of(events, "s3", "GetObject", window=JANUARY_2022)
    found = [e for e in found if e("eventCategory") == "Data"]
    spec = "bucketname=@requestParameters/bucketName key=@requestParameters/key #requestcount="
    return tally(found, spec, "-requestcount", limit=20, also="requestParameters")


@lake("user-added-to-admin-group")
def _(events: list[Event]) -> Answer:
    found = named(events, "AddUserToGroup", window="(2022-04-30, 2022-11-01)")
    found = [e for e in found if like(e.entry("requestParameters", "groupName"), "%admin%")]
    names = "username=@requestParameters/userName groupname=@requestParameters/groupName"
    return select(found, f"userIdentity.principalId eventName eventTime:t {names}")


@lake("users-by-account")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window=JANUARY_2022) if e("userIdentity.principalId") is not None]
    return tally(found, "userIdentity.principalId userIdentity.accountId #eventcount=", "-eventcount")


# --- the user guide ---------------------------------------------------------------------------------------------------


@lake("guide-principals-who-called-create-bucket")
def _(events: list[Event]) -> Answer:
    found = named(events, "CreateBucket", window="(2023-01-22, 2023-01-23)")
    found = [e for e in found if e("userIdentity.principalId") is not None]
    return select(found, "userIdentity.principalId eventName")


@lake("guide-apis-that-a-user-called")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window="(2023-01-22, 2023-01-23)") if e("userIdentity.userName") == "bob"]
    return select(found, "eventID eventName eventSource eventTime:t")


@lake("guide-number-of-api-calls")
def _(events: list[Event]) -> Answer:
    return tally(named(events, window="(2023-01-01,)"), "eventSource eventName #apicount=", "-apicount")


@lake("guide-users-who-signed-in-by-region")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, "ConsoleLogin") if e("awsRegion") in ("us-east-1", "us-west-2")]
    return select(found, "eventTime:t userIdentity.arn awsRegion")


@lake("guide-lake-queries-that-were-run")
def _(events: list[Event]) -> Answer:
    found = of(events, "cloudtrail", "StartQuery", window="(2023-01-01, 2023-02-01)")
    found = [e for e in found if e("responseElements") is not None]
    return select(found, "@responseElements/queryId @requestParameters/queryStatement")
