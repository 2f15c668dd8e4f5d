"""The answers to the queries of fixtures/queries: between them they have every form that published queries use."""

import ipaddress
import re
from collections import Counter
from datetime import date, datetime, timedelta

from answers import Answer, Event, answer, as_entry, compact, differ, like, tally
from answers_athena import athena, named, of
from answers_lake import lake

Groups = dict[tuple, list[Event]]


def groups_of(events: list[Event], *paths: str) -> Groups:
    """The events by what lies at these paths."""
    groups: Groups = {}
    for event in events:
        groups.setdefault(tuple(map(event, paths)), []).append(event)
    return groups


def time_of(event: Event) -> datetime:
    """When it happened."""
    return datetime.fromisoformat(event("eventTime").removesuffix("Z"))


def sort_texts(values: set[str | None]) -> list[str | None]:
    """Texts in order, NULL last."""
    return sorted(values, key=lambda value: (value is None, value))


# --- Athena -----------------------------------------------------------------------------------------------------------


@athena("hours-of-an-address")
def _(events: list[Event]) -> Answer:
    found = named(events, window="[2024-05-01, 2024-05-31 23:59:59]")
    hours: dict[str, list[Event]] = {}
    for event in found:
        if event("sourceIPAddress") == "203.0.113.77":
            hours.setdefault(event("eventTime")[:13] + ":00:00", []).append(event)
    rows = (
        [
            hour, len(members), len({e("eventName") for e in members}),
            (max(map(time_of, members)) - min(map(time_of, members))) // timedelta(minutes=1),
        ]
        for hour, members in hours.items()
        if len(members) > 1
    )  # fmt: skip
    return answer("hour:t calls kinds minutes", rows, "hour")


@athena("resources-by-type")
def _(events: list[Event]) -> Answer:
    touched = [resource for e in events if len(e.resources) > 1 for resource in e.resources]
    kinds = Counter(resource.get("type") for resource in touched)
    rows = (
        [kind, count, len({r["ARN"] for r in touched if r.get("type") == kind and r.get("ARN") is not None})]
        for kind, count in kinds.items()
    )
    return answer("resource_type touched resources", rows, "-touched resource_type")


@athena("paths-into-json")
def _(events: list[Event]) -> Answer:
    encryption = "x-amz-server-side-encryption"

    def row(e: Event) -> list:
        parameters = e("requestParameters") or {}
        items, bytes_in = parameters.get("evaluations"), e.scalar("additionalEventData", "bytesTransferredIn")
        return [
            e("eventID"), e.scalar("requestParameters", encryption), e.scalar("requestParameters", encryption),
            e.scalar("requestParameters", "evaluations", 1, "complianceType"), None if items is None else len(items),
            None if bytes_in is None else int(bytes_in),
            e.scalar("requestParameters", "evaluations", 0, "complianceResourceId"), None,
        ]  # fmt: skip

    found = [e for e in named(events, "PutObject", "PutEvaluations") if e("eventTime") < "2024"]
    spec = "eventid by_dot by_bracket second_item items bytes_in nested no_scalar"
    return answer(spec, map(row, found))


@athena("agents-of-users")
def _(events: list[Event]) -> Answer:
    reading = ("Get", "List", "Describe")
    found = [
        e
        for e in events
        if e("userIdentity.type") == "IAMUser" and e("readOnly") is False and not e("eventName").startswith(reading)
    ]
    rows = (
        [
            name, sort_texts({e("userAgent") for e in members}),
            ", ".join(sort_texts({e("sourceIPAddress") for e in members} - {None})),
            len({e("eventSource") for e in members}),
        ]
        for (name,), members in groups_of(found, "userIdentity.userName").items()
    )  # fmt: skip
    return answer("name agents addresses services", rows)


@athena("public-addresses")
def _(events: list[Event]) -> Answer:
    private = [ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("198.51.0.0/16")]
    found = [e for e in events if re.match(r"\d", e("sourceIPAddress") or "")]
    found = [e for e in found if not any(ipaddress.ip_address(e("sourceIPAddress")) in net for net in private)]
    return tally(found, "sourceIPAddress #calls=", "-calls sourceipaddress", limit=5)


@athena("parts-of-times")
def _(events: list[Event]) -> Answer:
    rows = (
        [
            e("eventID"), time_of(e).strftime("%Y/%m/%d %H:%M"), time_of(e).year, time_of(e).isoweekday(),
            (time_of(e).date() - date(2023, 1, 1)).days,
            (time_of(e) - timedelta(hours=12)).isoformat() + "Z", (len(e("eventName")) + 1) // 2,
        ]
        for e in named(events, window="[2023-01-22, 2023-02-01)")
    )  # fmt: skip
    return answer("eventid shown year weekday days half_a_day_before half_the_name", rows)


@athena("parts-of-names")
def _(events: list[Event]) -> Answer:
    def found(pattern: str, text: str | None, group: int = 0) -> str | None:
        match = re.search(pattern, text or "")
        return match[group] if match else None

    def row(e: Event) -> list:
        arn, name, error = e("userIdentity.arn"), e("eventName"), e("errorCode")
        issuer = e("userIdentity.sessionContext.sessionIssuer.userName")
        return [
            e("eventID"), found("([^/]+)/([^/]+)$", arn, 1), found("[^/]+$", arn), e("eventSource").split(".")[0],
            arn.split(":")[4] if arn else None, name.find("Role") + 1, name[:3].upper() + "-" + name.lower(),
            f"{e('userIdentity.userName') or '?'}@{e('recipientAccountId')}",
            "done" if error is None else "denied" if error.endswith("Denied") else "failed",
            None if issuer == "alice" else issuer,
        ]  # fmt: skip

    spec = "eventid role session service account place names mail outcome issuer"
    return answer(spec, map(row, named(events, window="[2023-01-01, 2023-01-08)")), "-issuer eventid")


@athena("first-and-last-calls")
def _(events: list[Event]) -> Answer:
    def row(arn: str | None, members: list[Event]) -> list:
        sizes = [e.scalar("additionalEventData", "bytesTransferredOut") for e in members]
        return [
            arn, min(members, key=time_of)("eventName"), max(members, key=time_of)("eventName"),
            sum(e("errorCode") is not None for e in members),
            sum(e("eventSource") == "s3.amazonaws.com" for e in members),
            sum(int(size) for size in sizes if size is not None) if any(sizes) else None,
            any(like(e("userAgent"), "python%") for e in members),
        ]  # fmt: skip

    groups = groups_of([e for e in events if e("eventTime").startswith("2024-05-1")], "userIdentity.arn")
    spec = ".arn first_call last_call failures of_s3 bytes_out by_python"
    return answer(spec, (row(arn, members) for (arn,), members in groups.items()))


@athena("keys-used-after-a-role-was-left")
def _(events: list[Event]) -> Answer:
    assumed = [e for e in named(events, "AssumeRole") if e("errorCode") is None]
    rows = []
    for used in named(events, window="[2023-01-02, 2023-01-05]"):
        if used("userIdentity.accessKeyId") == "ASIAIOSFODNN7EXAMPLE":
            before = [
                e("userIdentity.arn")
                for e in assumed
                if e.scalar("responseElements", "assumedRoleUser", "arn") == used("userIdentity.arn")
                and time_of(e) < time_of(used)
            ]
            rows += ([used("eventID"), used("eventName"), arn] for arn in before or [None])
    return answer("eventid eventname by_whom", rows)


# --- CloudTrail Lake --------------------------------------------------------------------------------------------------


@lake("names-in-any-case")
def _(events: list[Event]) -> Answer:
    paths = "eventID eventName userIdentity.sessionContext.sessionIssuer.userName userIdentity.arn recipientAccountId"
    rows = (
        [
            *map(e, paths.split()), e("sourceIPAddress"), e.entry("requestParameters", "roleArn"), None, None,
            e("tlsDetails.tlsVersion"), e("readOnly"), e("managementEvent"),
        ]
        for e in named(events, "AssumeRole", window="(2023-01-02 10:00:00, 2023-01-02 10:01:00]")
    )  # fmt: skip
    spec = "eventid eventname .username .arn recipientaccountid sourceipaddress target nothing of_other_case"
    return answer(f"{spec} .tlsversion readonly managementevent", rows)


@lake("texts-in-maps")
def _(events: list[Event]) -> Answer:
    keys = "durationSeconds withDecryption principalTags VersioningConfiguration"

    def row(e: Event) -> list:
        parameters, done = e("requestParameters"), e("responseElements") or {}
        return [
            e("eventID"), *(e.entry("requestParameters", key) for key in keys.split()),
            e.scalar("requestParameters", "bucketPolicy", "Statement", 0, "Action", 0),
            len(done["successful"]) if "successful" in done else None,
            None if parameters is None else len(parameters), parameters is None,
        ]  # fmt: skip

    found = named(events, window="[2024-05-01, 2024-05-31 23:59:59]")
    return answer("eventid number truth object nested action items members without", map(row, found))


@lake("first-of-resources")
def _(events: list[Event]) -> Answer:
    rows = (
        [e.resources[0].get("ARN"), e.resources[1].get("type") if e.resources[1:] else None, len(e.resources)]
        for e in named(events, window="[2024-06-01, 2024-12-31]")
        if e.resources
    )
    return answer("first second_type number", rows)


@lake("keys-by-use")
def _(events: list[Event]) -> Answer:
    uses: dict[str, list[str]] = {}
    for event in events:
        for resource in event.resources:
            if resource.get("type") == "AWS::KMS::Key":
                uses.setdefault(resource["ARN"], []).append(event("eventTime"))
    rows = ([arn, len(times), max(times)] for arn, times in uses.items())
    return answer("key_arn times latest:t", rows, "-times key_arn")


@lake("actions-that-policies-allow")
def _(events: list[Event]) -> Answer:
    rows = []
    for event in named(events, "CreatePolicy", "PutRolePolicy"):
        actions = [statement["Action"] for statement in event.parsed("requestParameters.policyDocument")["Statement"]]
        rows += ([event("eventID"), as_entry(action), 2 * len(actions)] for action in actions)
    return answer("eventid allowed twice", rows)


@lake("last-sign-ins")
def _(events: list[Event]) -> Answer:
    found = [e for e in named(events, "ConsoleLogin", window="(,2025-01-01)") if e("userIdentity.type") == "IAMUser"]
    rows = (
        [
            *key, [*{e("awsRegion") for e in members}], max(members, key=time_of)("eventID"),
            min(members, key=time_of).entry("additionalEventData", "MFAUsed"),
        ]
        for key, members in groups_of(found, "userIdentity.accountId", "userIdentity.userName").items()
    )  # fmt: skip
    return answer("account name regions:s last_one mfa_at_first", rows)


@lake("messages-by-topic")
def _(events: list[Event]) -> Answer:
    messages: Counter = Counter()
    for event in named(events, "Publish", "PublishBatch", window="(2025-06-01,)"):
        if event("errorCode") is None:
            topic = event.entry("requestParameters", "topicArn").split(":")[5]
            is_batch = event("eventName") == "PublishBatch"
            month = event("eventTime")[:7] + "-01"
            messages[topic, month] += len(event("responseElements")["successful"]) if is_batch else 1
    return answer("topic month:t messages", ([*key, count] for key, count in messages.items()))


@lake("databases-that-still-are")
def _(events: list[Event]) -> Answer:
    def idents(found: list[Event]) -> set[str | None]:
        return {e.entry("requestParameters", "dBInstanceIdentifier") for e in found}

    deleted = idents([e for e in of(events, "rds") if like(e("eventName"), "Delete%")])
    return answer("ident", ([ident] for ident in idents(of(events, "rds", "CreateDBInstance")) - deleted))


@lake("databases-never-restarted")
def _(events: list[Event]) -> Answer:
    restarted = {e.entry("requestParameters", "dBInstanceIdentifier") for e in named(events, "RebootDBInstance")}
    rows = (
        [e.entry("requestParameters", "dBInstanceIdentifier"), e("eventTime")]
        for e in named(events, "CreateDBInstance", window="(,2023-01-01)")
        if e.entry("requestParameters", "dBInstanceIdentifier") not in restarted
    )
    return answer("ident since:t", rows, "since")


@lake("writes-by-table")
def _(events: list[Event]) -> Answer:
    found = [e for e in events if re.search("^(put|update).*item$", e("eventName") or "", re.IGNORECASE)]
    return tally(found, "name=@requestParameters/tableName #writes=", "-writes name", having=1)


@lake("sign-ins-without-a-second-factor")
def _(events: list[Event]) -> Answer:
    path = "userIdentity.sessionContext.attributes.mfaAuthenticated"
    rows = ([e("eventID"), e(path), e("readOnly")] for e in named(events, "ConsoleLogin") if e(path) != "true")
    return answer("eventid mfa readonly", rows)


@lake("roles-that-assume-themselves")
def _(events: list[Event]) -> Answer:
    rows = []
    for event in named(events, "AssumeRole"):
        target = (event.entry("requestParameters", "roleArn") or "").split("/")[-1]
        if target == event("userIdentity.sessionContext.sessionIssuer.userName") and differ(target, ""):
            if event("awsRegion") in ("us-east-1", "us-west-2"):
                rows.append([event("eventID"), target, event("errorCode")])
    return answer("eventid target errorcode", rows)


@lake("parts-of-times")
def _(events: list[Event]) -> Answer:
    found = [*named(events, window="[2023-01-01, 2023-01-03)"), *named(events, window="[2023-01-07, 2023-01-07]")]
    rows = (
        [
            e("eventID"), e("eventTime")[:10], time_of(e).hour, time_of(e).timetuple().tm_yday,
            (time_of(e).month + 2) // 3, time_of(e).isocalendar()[1],
            (time_of(e) - datetime(2023, 1, 1)) // timedelta(seconds=1), time_of(e).strftime("%d.%m.%Y"),
        ]
        for e in found
    )  # fmt: skip
    return answer("eventid day:t hour of_year quarter week seconds shown", rows)


@lake("users-of-groups-of-parameters")
def _(events: list[Event]) -> Answer:
    groups: dict[tuple, list[Event]] = {}
    for event in named(events, window="(,2025-01-01)"):
        if like(event("eventName"), "AssumeRole%"):
            key = compact(event("requestParameters")), event("userIdentity.type")
            groups.setdefault(key, []).append(event)
    rows = (
        [members[0].entry("requestParameters", "roleArn"), kind, len(members)]
        for (_, kind), members in groups.items()
    )
    return answer("role .type times", rows, "-times role")
