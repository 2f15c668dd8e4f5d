"""The answers to queries that are published for Athena's table of CloudTrail logs, and to fixtures/queries/athena."""

from collections import Counter

from answers import Answer, Answers, Event, answer, differ, distinct, everything, like, register, select, tally

ATHENA: Answers = {}
# Queries that cannot run as they were published, nor in Athena.
ATHENA_UNSUPPORTED = {
    "bucket-top-accessors": "takes a member of additionaleventdata with a dot, which is a text in AWS's own table",
}
KEY = "AKIAIOSFODNN7EXAMPLE"
MAY = "[2024-05-01, 2024-05-31 23:59:59]"
FIFTH_OF_JULY = "[2019-07-05, 2019-07-06]"
SUSPECT = "arn:aws:iam::111122223333:user/Mary_Major"


def athena(name: str):
    """The answer to a query for Athena."""
    return register(ATHENA, name)


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
    """The events of an access key in May."""
    return [event for event in events if event("userIdentity.accessKeyId") == KEY and event.within(MAY)]


def about(events: list[Event], word: str) -> list[Event]:
    """The events whose parameters have a word anywhere in their text."""
    return [event for event in events if like(event.text("requestParameters"), f"%{word}%")]


def by_suspect(events: list[Event]) -> list[Event]:
    """The events of one identity."""
    return [event for event in events if event("userIdentity.arn") == SUSPECT]


def signed_the_old_way(events: list[Event]) -> list[Event]:
    """Requests of S3 with signatures of version 2."""
    return [e for e in of(events, "s3") if e.scalar("additionalEventData", "SignatureVersion") == "SigV2"]


# --- the user guides of S3 and Athena ---------------------------------------------------------------------------------


@athena("s3-first-requests")
def _(events: list[Event]) -> Answer:
    return everything(of(events, "s3"), limit=2)


@athena("s3-signature-version-2-requests")
def _(events: list[Event]) -> Answer:
    spec = (
        "eventTime s3_action=eventName request_parameters=requestParameters:j aws_region=awsRegion"
        " source_ip=sourceIPAddress user_agent=userAgent"
    )
    return select(signed_the_old_way(events), spec, limit=10)


@athena("s3-signature-version-2-requesters")
def _(events: list[Event]) -> Answer:
    return tally(signed_the_old_way(events), "userIdentity.arn #requestcount=")


@athena("s3-signature-version-2-requesters-by-partition")
def _(events: list[Event]) -> Answer:
    found = [e for e in signed_the_old_way(events) if e.within("[2019-02-19, 2019-02-20)")]
    found = [e for e in found if e("awsRegion") == "us-east-1"]
    return tally(found, "userIdentity.arn #requestcount=")


REQUEST = "eventTime eventName eventSource sourceIPAddress userAgent bucketname=$requestParameters/bucketName"


@athena("s3-put-object-requests")
def _(events: list[Event]) -> Answer:
    found = named(events, "PutObject", window=FIFTH_OF_JULY)
    return select(found, f"{REQUEST} object=$requestParameters/key userarn=userIdentity.arn")


@athena("s3-get-object-requests")
def _(events: list[Event]) -> Answer:
    found = named(events, "GetObject", window=FIFTH_OF_JULY)
    return select(found, f"{REQUEST} object=$requestParameters/key userarn=userIdentity.arn")


@athena("s3-anonymous-requests")
def _(events: list[Event]) -> Answer:
    found = named(events, window=FIFTH_OF_JULY)
    found = [e for e in found if e("userIdentity.accountId") == "ANONYMOUS_PRINCIPAL"]
    return select(found, f"{REQUEST} userarn=userIdentity.arn userIdentity.accountId")


@athena("nested-fields")
def _(events: list[Event]) -> Answer:
    session = "userIdentity.sessionContext"
    found = [e for e in events if e(f"{session}.sessionIssuer.arn") is not None]
    spec = f"eventSource eventName {session}.attributes.creationDate {session}.sessionIssuer.arn"
    return select(found, spec, "eventsource eventname", limit=10)


@athena("unnested-resources")
def _(events: list[Event]) -> Answer:
    rows = (
        [e("awsRegion"), r["ARN"].replace("arn:aws:s3:::", ""), e("eventName"), e("eventTime"), e("userAgent")]
        for e in events
        for r in e.resources
        if like(r.get("ARN"), "%example/datafile.txt")
    )
    return answer("awsregion s3_resource eventname eventtime useragent", rows, "eventtime")


@athena("deleted-buckets")
def _(events: list[Event]) -> Answer:
    rows = (
        [
            e("awsRegion"), r["ARN"].replace("arn:aws:s3:::", ""), e("eventTime"), e("userIdentity.userName"),
            r.get("accountId"),
        ]
        for e in named(events, "DeleteBucket")
        for r in e.resources
    )  # fmt: skip
    return answer("awsregion deleted_bucket time_deleted .username bucket_acct_id", rows, "time_deleted")


@athena("anonymous-get-object")
def _(events: list[Event]) -> Answer:
    return everything(
        e
        for e in about(of(events, "s3", "GetObject"), "example-public")
        if like(e("userIdentity.accountId"), "%ANONYMOUS%") and e("userIdentity.arn") is None
    )


@athena("who-called-what-from-where")
def _(events: list[Event]) -> Answer:
    return select(events, "userIdentity.arn eventName sourceIPAddress eventTime", limit=100)


# --- aws-samples/aws-incident-response-playbooks ----------------------------------------------------------------------


@athena("access-key-calls")
def _(events: list[Event]) -> Answer:
    spec = "eventTime eventName awsRegion sourceIPAddress userAgent requestParameters:j responseElements:j errorCode"
    return select(keyed(events), spec, "eventtime")


@athena("access-key-addresses-and-agents")
def _(events: list[Event]) -> Answer:
    spec = "sourceIPAddress userAgent #call_count= <first_seen=eventTime >last_seen=eventTime"
    return tally(keyed(events), spec, "first_seen")


@athena("access-key-persistence")
def _(events: list[Event]) -> Answer:
    names = """CreateUser CreateRole CreateAccessKey CreateLoginProfile AttachUserPolicy AttachRolePolicy PutUserPolicy
        PutRolePolicy UpdateAssumeRolePolicy CreateFunction UpdateFunctionCode AddPermission CreateEventSourceMapping
        PutBucketPolicy CreateTrail StopLogging DeleteTrail"""
    spec = "eventTime eventName sourceIPAddress requestParameters:j responseElements:j"
    return select(named(keyed(events), *names.split()), spec, "eventtime")


@athena("access-key-data-access")
def _(events: list[Event]) -> Answer:
    names = "GetObject", "GetItem", "BatchGetItem", "GetSecretValue", "GetParameter", "GetParameters"
    sources = {f"{service}.amazonaws.com" for service in ("s3", "dynamodb", "secretsmanager", "ssm")}
    found = [e for e in named(keyed(events), *names) if e("eventSource") in sources]
    return select(found, "eventTime eventName eventSource requestParameters:j sourceIPAddress", "eventtime")


@athena("access-key-role-assumptions")
def _(events: list[Event]) -> Answer:
    spec = "eventTime eventName requestParameters:j responseElements:j sourceIPAddress recipientAccountId"
    return select(named(keyed(events), "AssumeRole"), spec, "eventtime")


@athena("access-key-errors")
def _(events: list[Event]) -> Answer:
    found = [e for e in keyed(events) if differ(e("errorCode"), "")]
    return select(found, "eventTime eventName errorCode errorMessage sourceIPAddress", "eventtime")


@athena("bucket-data-access")
def _(events: list[Event]) -> Answer:
    names = "GetObject HeadObject ListObjects ListObjectsV2 SelectObjectContent CopyObject"
    found = about(of(events, "s3", *names.split(), window=MAY), "example-bucket")
    spec = "eventTime eventName sourceIPAddress userIdentity.arn userAgent requestParameters:j responseElements:j"
    return select(found, f"{spec} errorCode", "eventtime")


def reads(events: list[Event]) -> list[Event]:
    """Reads of a bucket's objects in May."""
    return about(of(events, "s3", "GetObject", window=MAY), "example-bucket")


@athena("bucket-bulk-access")
def _(events: list[Event]) -> Answer:
    groups = Counter((e("eventTime")[:13] + ":00:00", e("userIdentity.arn")) for e in reads(events))
    rows = ((hour, arn, count) for (hour, arn), count in groups.items() if count > 2)
    return answer("hour_bucket:t .arn read_count", rows, "hour_bucket")


@athena("bucket-readers")
def _(events: list[Event]) -> Answer:
    spec = "userIdentity.arn sourceIPAddress #read_count= <first_access=eventTime >last_access=eventTime"
    return tally(reads(events), spec, "-read_count")


@athena("objects-read-by-suspect")
def _(events: list[Event]) -> Answer:
    spec = "eventTime object_key=$requestParameters/key sourceIPAddress userIdentity.arn"
    return select(by_suspect(reads(events)), spec, "eventtime")


@athena("buckets-read-by-suspect")
def _(events: list[Event]) -> Answer:
    found = by_suspect(of(events, "s3", "GetObject", window=MAY))
    return distinct(found, "bucket_accessed=$requestParameters/bucketName")


@athena("dynamodb-data-access")
def _(events: list[Event]) -> Answer:
    found = of(events, "dynamodb", "Scan", "Query", "BatchGetItem", "GetItem", window=MAY)
    spec = "eventTime eventName sourceIPAddress userIdentity.arn requestParameters:j"
    return select(about(found, "example-orders"), spec, "eventtime")


@athena("secrets-access")
def _(events: list[Event]) -> Answer:
    names = "GetSecretValue", "GetParameter", "GetParameters", "GetParametersByPath"
    found = [*of(events, "secretsmanager", *names, window=MAY), *of(events, "ssm", *names, window=MAY)]
    return select(found, "eventTime eventName sourceIPAddress userIdentity.arn requestParameters:j", "eventtime")


@athena("data-staging")
def _(events: list[Event]) -> Answer:
    found = by_suspect(of(events, "s3", "CopyObject", "PutObject", "UploadPart", window=MAY))
    spec = "eventTime userIdentity.arn sourceIPAddress source_bucket=$requestParameters/bucketName"
    return select(found, f"{spec} copy_source=$requestParameters/x-amz-copy-source", "eventtime")


@athena("bucket-policy-changes")
def _(events: list[Event]) -> Answer:
    names = "PutBucketPolicy DeleteBucketPolicy PutBucketAcl PutObjectAcl PutBucketPublicAccessBlock"
    found = of(events, "s3", *names.split(), "DeleteBucketPublicAccessBlock", window=MAY)
    return select(found, "eventTime eventName userIdentity.arn sourceIPAddress requestParameters:j", "eventtime")


def federated(events: list[Event]) -> list[Event]:
    """Sessions that began with an identity from elsewhere."""
    return named(events, "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", window=MAY)


@athena("federated-role-assumptions")
def _(events: list[Event]) -> Answer:
    spec = (
        "eventTime eventName sourceIPAddress userAgent assumedrolearn=userIdentity.arn"
        " requestparams=requestParameters:j responseElements:j additionalEventData:j"
    )
    return select(federated(events), spec, "eventtime")


@athena("federated-console-logins")
def _(events: list[Event]) -> Answer:
    found = named(events, "ConsoleLogin", window=MAY)
    found = [e for e in found if like(e.text("additionalEventData"), "%SamlProviderArn%")]
    spec = "eventTime sourceIPAddress principalarn=userIdentity.arn logindetails=additionalEventData:j userAgent"
    return select(found, f"{spec} awsRegion", "eventtime")


@athena("identity-provider-changes")
def _(events: list[Event]) -> Answer:
    names = "CreateSAMLProvider CreateOpenIDConnectProvider UpdateSAMLProvider UpdateOpenIDConnectProviderThumbprint"
    spec = "eventTime eventName recipientAccountId actor=userIdentity.arn sourceIPAddress requestParameters:j"
    return select(named(events, *names.split(), window=MAY), spec, "eventtime")


@athena("federated-session-actions")
def _(events: list[Event]) -> Answer:
    issuer = "userIdentity.sessionContext.sessionIssuer"
    found = [
        e
        for e in named(events, window=MAY)
        if e(f"{issuer}.type") == "Role" and like(e(f"{issuer}.arn"), "%ExampleFederated%")
        and e("sourceIPAddress") in ("198.51.100.77", "203.0.113.77")
    ]  # fmt: skip
    spec = "eventTime eventName eventSource sourceIPAddress sessionarn=userIdentity.arn requestParameters:j errorCode"
    return select(found, spec, "eventtime")


@athena("federated-session-addresses")
def _(events: list[Event]) -> Answer:
    groups: dict[str, list[Event]] = {}
    for event in federated(events):
        groups.setdefault(event("sourceIPAddress"), []).append(event)
    rows = (
        [
            address, len(members), min(e("eventTime") for e in members), max(e("eventTime") for e in members),
            [*{e.scalar("requestParameters", "roleArn") for e in members}],
        ]
        for address, members in groups.items()
    )  # fmt: skip
    spec = "sourceipaddress session_count first_seen last_seen roles_assumed:s"
    return answer(spec, rows, "-session_count")


@athena("federated-session-durations")
def _(events: list[Event]) -> Answer:
    spec = (
        "eventTime sourceIPAddress targetrole=$requestParameters/roleArn"
        " sessionduration=$requestParameters/durationSeconds principaltags=$requestParameters/principalTags userAgent"
    )
    return select(federated(events), spec, "eventtime")


@athena("suspect-kms-operations")
def _(events: list[Event]) -> Answer:
    names = """CreateKey CreateGrant Encrypt ReEncryptFrom ReEncryptTo GenerateDataKey GenerateDataKeyWithoutPlaintext
        ScheduleKeyDeletion DisableKey PutKeyPolicy"""
    found = of(events, "kms", *names.split(), window=MAY)
    found = [e for e in found if like(e("userIdentity.arn"), "%Mary_Major%")]
    spec = "eventTime eventName userIdentity.arn awsRegion requestParameters:j responseElements:j sourceIPAddress"
    return select(found, spec, "eventtime")


@athena("bulk-deletions")
def _(events: list[Event]) -> Answer:
    names = """DeleteObject DeleteObjects DeleteSnapshot DeleteDBSnapshot DeleteDBClusterSnapshot DeleteRecoveryPoint
        DeleteBackupVault PutBucketVersioning DeleteBucketPolicy"""
    spec = "eventTime eventSource eventName userIdentity.arn requestParameters:j sourceIPAddress awsRegion"
    return select(named(events, *names.split(), window=MAY), spec, "eventtime")


@athena("many-deletions")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, window=MAY) if like(e("eventName"), "Delete%")]
    spec = "eventSource eventName userIdentity.arn #call_count= <first_seen=eventTime >last_seen=eventTime"
    return tally(found, spec, "-call_count", having=2)


@athena("snapshot-sharing")
def _(events: list[Event]) -> Answer:
    names = "ModifySnapshotAttribute", "ModifyDBSnapshotAttribute", "ModifyDBClusterSnapshotAttribute"
    found = named(events, *names, window=MAY)
    return select(
        found, "eventTime eventName userIdentity.arn requestParameters:j responseElements:j", "eventtime"
    )
