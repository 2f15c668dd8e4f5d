"""What the row of an event must hold, worked out from the event alone.

The columns and their JSON paths come from schemas/cloudtrail.json, which is the contract. The rules are written down
here a second time, from the description of the table and not from the converter, so that a mistake has to be made
twice to go unnoticed.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import times
from jsontext import Number, as_text, canonical

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "cloudtrail.json").read_text("utf-8"))
COLUMNS = {column["name"]: column for column in SCHEMA["columns"]}
PARTITIONS = [partition["name"] for partition in SCHEMA["partitions"]]

PRINCIPAL_KINDS = {
    "Root": "root",
    "IAMUser": "iam_user",
    "AssumedRole": "assumed_role",
    "Role": "role",
    "FederatedUser": "federated_user",
    "SAMLUser": "saml_user",
    "WebIdentityUser": "web_identity_user",
    "IdentityCenterUser": "identity_center_user",
    "Directory": "directory",
    "AWSAccount": "aws_account",
    "AWSService": "aws_service",
    "Unknown": "unknown",
}
CATEGORIES = {
    "AwsCloudTrailInsight": "Insight",
    "AwsAggregatedEvent": "Aggregated",
    "AwsVpceEvent": "NetworkActivity",
    "AwsVpceEvents": "NetworkActivity",
}
SOURCE_SUFFIXES = [
    ".amazonaws.com.cn",
    ".amazonaws.com",
    ".amazonaws.cn",
    ".amazonaws.eu",
    ".aws.internal",
    ".aws.amazon.com",
    ".amazon.com",
]
# Unicode's White_Space. Python's own strip() takes a few separators of data for blanks too.
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
RESOURCE_MEMBERS = {"ARN": "arn", "ARNPrefix": "arn_prefix", "accountId": "account_id", "type": "type"}


@dataclass
class Expected:
    """The row of one event: columns by name, None for NULL. Times are microseconds, JSON columns are parsed."""

    event: dict
    columns: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(COLUMNS))
    # JSON columns whose text must be the event's own, byte for byte.
    verbatim: set[str] = field(default_factory=set)
    extra: dict[str, Any] = field(default_factory=dict)
    null_fields: set[str] = field(default_factory=set)
    empty_fields: set[str] = field(default_factory=set)
    filled_fields: set[str] = field(default_factory=set)

    def partition(self) -> tuple[str, str, str]:
        """Date, service and region, as the directories must spell them."""
        return (
            date_partition(self.columns["event_time"], self.event.get("eventTime")),
            service_partition(self.columns["event_source"]),
            safe_value((self.columns["aws_region"] or "").strip(BLANKS)),
        )

    def key(self) -> tuple:
        """Equal for copies of one event. The id alone does not tell: published samples reuse ids across services.

        Without an id, or a time to compare by, only the whole record tells.
        """
        row = self.columns
        if not row["event_id"] or row["event_time"] is None:
            return (canonical(self.event),)
        account = row["recipient_account_id"] or row["user_identity_account_id"] or ""
        return (row["event_id"], row["event_source"] or "", row["event_name"] or "", row["event_time"], account)


def expect(event: dict) -> Expected:
    """The row of `event`, without the two columns that tell where it was read."""
    row = Expected(event)
    flatten(row, event, "", FIELD_TREE)
    fill(row)
    row.columns["event_version_num"] = version_number(row.columns["event_version"])
    for name in ["insight_type", "insight_state"]:
        value = at_path(event, COLUMNS[name]["path"])
        row.columns[name] = value if isinstance(value, str) else None
    row.columns.update(derive(row))
    for name in ["null_fields", "empty_fields", "filled_fields"]:
        row.columns[name] = getattr(row, name) or None
    row.columns["extra"] = row.extra or None
    return row


# --- fields ---------------------------------------------------------------------------------------------------------


def field_tree() -> dict[str, Any]:
    """The schema's paths as nested dictionaries: `{"userIdentity": {"type": "user_identity_type"}}`."""
    tree: dict[str, Any] = {}
    for name, column in COLUMNS.items():
        if column["kind"] == "field" and column["path"]:
            *parents, leaf = column["path"].split(".")
            node = tree
            for parent in parents:
                node = node.setdefault(parent, {})
            node[leaf] = name
    return tree


FIELD_TREE = field_tree()


def at_path(event: dict, path: str) -> Any:
    """The value at a dotted path, None if there is none."""
    value: Any = event
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def flatten(row: Expected, value: dict, path: str, known: dict[str, Any]) -> None:
    """Puts every member into its column or, so that nothing is lost, among extra, null_fields or empty_fields."""
    if not value:
        row.empty_fields.add(path)
    for key, member in value.items():
        member_path = f"{path}.{key}" if path else key
        place = known.get(key)
        if member is None:
            row.null_fields.add(member_path)
        elif is_aggregated(row.event) and member_path in ("timeWindow", "summary"):
            row.columns["aggregation_summary"] = {**(row.columns["aggregation_summary"] or {}), key: member}
        elif isinstance(place, dict) and isinstance(member, dict):
            flatten(row, member, member_path, place)
        elif isinstance(place, str) and put(row, COLUMNS[place], member):
            pass
        else:
            row.extra[member_path] = member


def put(row: Expected, column: dict[str, Any], value: Any) -> bool:
    """Sets a column. Returns whether the column now says all that the value said."""
    name = column["name"]
    match column["type"]:
        case "json":
            row.columns[name] = value
            row.verbatim.add(name)
            return True
        case "text":
            row.columns[name] = text = text_value(value)
            if text and name == "event_source":
                row.columns[name] = text.strip(BLANKS)
            return row.columns[name] == value
        case "boolean":
            row.columns[name] = boolean_value(value)
            return value in (["true", "false"] if column.get("written_as") == "string" else [True, False])
        case "timestamp":
            row.columns[name] = times.read_time(value)
            return row.columns[name] is not None and times.usual_form(row.columns[name]) == value
        case "resources":
            row.columns[name], exact = resources(value)
            return exact
    raise ValueError(f"the check knows no type {column['type']}, of column {name}")


def text_value(value: Any) -> str | None:
    """A string, or a number's text. A lone surrogate is no character, and no column can hold it."""
    text = as_text(value) if isinstance(value, (str, Number)) else None
    return None if text and re.search("[\ud800-\udfff]", text) else text


def boolean_value(value: Any) -> bool | None:
    """A truth value, or its name: AWS writes some of them as strings."""
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def resources(value: Any) -> tuple[list[dict] | None, bool]:
    """The list of resources, and whether it says all that the value said."""
    if not isinstance(value, list):
        return None, False
    exact, items = True, []
    for item in value:
        members = item if isinstance(item, dict) else {}
        exact &= isinstance(item, dict) and all(
            key in RESOURCE_MEMBERS and isinstance(member, str) for key, member in members.items()
        )
        known = {column: members.get(key) for key, column in RESOURCE_MEMBERS.items()}
        items.append({column: member if isinstance(member, str) else None for column, member in known.items()})
    return items, exact


def fill(row: Expected) -> None:
    """Fills what the event lacks from elsewhere in it, and says so in filled_fields.

    The fallbacks are those of Insight events, which keep them in insightDetails, and of aggregated events.
    """
    for name, column in COLUMNS.items():
        fallback = column.get("fallback")
        if not fallback or not (is_aggregated(row.event) or fallback.startswith("insightDetails.")):
            continue
        value = at_path(row.event, fallback)
        if isinstance(value, str) and at_path(row.event, column["path"]) is None:
            put(row, column, value)
            if row.columns[name] is not None:
                row.filled_fields.add(column["path"])
    if row.event.get("eventCategory") is None and (category := derived_category(row)):
        row.columns["event_category"] = category
        row.filled_fields.add("eventCategory")


def derived_category(row: Expected) -> str | None:
    """The category of events that older versions did not write (rule D9)."""
    by_kind = {True: "Management", False: "Data"}
    return CATEGORIES.get(row.columns["event_type"]) or by_kind.get(row.columns["management_event"])


def is_aggregated(event: dict) -> bool:
    """Whether one record stands for many data events."""
    return event.get("eventType") == "AwsAggregatedEvent"


def version_number(version: str | None) -> int | None:
    """Major times 1000 plus minor; a version without a dot has minor 0. As a float 1.10 would be older than 1.9."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?", version or "", re.ASCII)
    return int(match[1]) * 1000 + int(match[2] or 0) if match else None


# --- derived columns ------------------------------------------------------------------------------------------------


def given(value: Any) -> bool:
    """AWS writes a missing value as null, "" or {} too."""
    return value not in (None, "", {})


def derive(row: Expected) -> dict[str, Any]:
    """The columns that say who made the request, with what credentials, and whether a service was involved."""
    event = row.event
    identity = at_path(event, "userIdentity")
    identity = identity if isinstance(identity, dict) else {}
    kind = principal_kind(event, identity)
    credentials = credential_type(event, identity, kind)
    service_call = service_call_kind(event, identity, kind)
    issuer = at_path(identity, "sessionContext.sessionIssuer.type")
    provider = at_path(identity, "sessionContext.webIdFederationData.federatedProvider")
    return {
        "principal_kind": kind,
        "credential_type": credentials,
        "is_root": kind == "root",
        "is_iam_user": kind == "iam_user",
        "is_temporary_credentials": credentials == "temporary",
        "is_role_session": kind in ("assumed_role", "role") or issuer == "Role",
        "is_federated": kind in ("federated_user", "saml_user", "web_identity_user") or given(provider),
        "is_aws_service": service_call != "none",
        "service_call_kind": service_call,
        "credential_conflict": key_prefix(identity) == "AKIA" and credentials == "temporary",
        "is_cross_account": cross_account(row.columns),
        "is_error": given(event.get("errorCode"))
        or given(event.get("errorMessage"))
        or at_path(event, "responseElements.ConsoleLogin") == "Failure",
    }


def principal_kind(event: dict, identity: dict) -> str:
    """Who made the request."""
    if event.get("eventType") in ("AwsCloudTrailInsight", "AwsAggregatedEvent"):
        return "none"
    if given(identity.get("type")):
        return PRINCIPAL_KINDS.get(as_text(identity["type"]), "other")
    if given(identity.get("invokedBy")) or event.get("eventType") == "AwsServiceEvent":
        return "aws_service"
    return "unknown"


def credential_type(event: dict, identity: dict, kind: str) -> str:
    """What the request was signed with. The first rule that fits decides."""
    session = any(
        given(at_path(identity, f"sessionContext.{path}"))
        for path in ["attributes.creationDate", "sessionIssuer.type", "assumedRoot"]
    )
    prefix = key_prefix(identity)
    rules = [
        (kind == "none", "none"),
        (kind == "aws_service", "service"),
        (kind == "identity_center_user" or given(identity.get("credentialId")), "bearer_token"),
        (kind in ("saml_user", "web_identity_user"), "assertion"),
        (prefix == "ASIA" or kind in ("assumed_role", "federated_user") or session, "temporary"),
        (prefix == "AKIA", "long_term"),
        (event.get("eventType") in ("AwsConsoleSignIn", "AwsConsoleSignin"), "sign_in"),
    ]
    return next((name for fits, name in rules if fits), "unknown")


def key_prefix(identity: dict) -> str:
    """AKIA of a long-term access key, ASIA of a temporary one."""
    return as_text(identity.get("accessKeyId"))[:4]


def service_call_kind(event: dict, identity: dict, kind: str) -> str:
    """How an AWS service was involved. The console of old called itself signin.amazonaws.com, which is no service."""
    if event.get("eventType") == "AwsServiceEvent":
        return "service_event"
    if kind == "aws_service":
        return "service_principal"
    if given(identity.get("invokedBy")) and identity["invokedBy"] != "signin.amazonaws.com":
        return "on_behalf_of"
    return "none"


def cross_account(columns: dict[str, Any]) -> bool | None:
    """Whether caller and receiver are different accounts; unknown if either is missing."""
    caller, receiver = columns["user_identity_account_id"], columns["recipient_account_id"]
    return caller != receiver if caller and receiver else None


# --- partitions -----------------------------------------------------------------------------------------------------


def date_partition(event_time: int | None, written: Any) -> str:
    """The UTC date of the event, else the date its unreadable time begins with."""
    if event_time is not None:
        return times.utc_date(event_time)
    return times.leading_date(written) or "unknown"


def service_partition(source: str | None) -> str:
    """The event source in short: s3 of s3.amazonaws.com."""
    service = lower_ascii((source or "").strip(BLANKS)).removesuffix(".")
    suffix = next((suffix for suffix in SOURCE_SUFFIXES if service.endswith(suffix)), "")
    return safe_value(service.removesuffix(suffix))


def safe_value(value: str) -> str:
    """A value that can be a directory's name everywhere, and never leads out of its directory."""
    value = re.sub(r"[^a-z0-9._-]", "-", lower_ascii(value)).lstrip("._")
    return value if value and len(value) <= 128 else "unknown"


def lower_ascii(text: str) -> str:
    """ASCII letters in lower case; others have lower cases of several letters, or in ASCII."""
    return re.sub("[A-Z]+", lambda letters: letters[0].lower(), text)
