"""What a log object holds: events, whatever they are wrapped in; things that only look like events; anything else.

Told by the names of members alone. The rules are written down here a second time, from the description of the
containers in docs/CONTAINERS.md and the services' own pages, and not from the converter. Only sound JSON is read: what
breaks raises ValueError, for nobody could say what it should hold.
"""

import base64
import binascii
import gzip
import re
import zlib
from dataclasses import dataclass
from typing import Any, Iterator

from jsontext import DECODER, Pairs, as_text, is_list

GZIP_MAGIC = b"\x1f\x8b"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
SPACE = re.compile(r"[ \t\r\n]*")
SEPARATORS = re.compile(r"[ \t\r\n,]*")
RECORDS = re.compile(r'\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')
# CloudWatch's exports put the time before each event.
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z "
BEFORE_VALUE = re.compile(rf"[ \t\r\n]*(?:{TIME}[ \t\r\n]*)?")
BEGINS_LIKE_JSON = re.compile(rf"{BEFORE_VALUE.pattern}[\[{{]")
# A list under any name is gone into if one of its first items is something known.
LOOKED_AT = 3


@dataclass(frozen=True)
class Found:
    """One thing that was found where events are due."""

    # "event", "reject" or "look_alike"
    sort: str
    # Of a reject its reason, of a look-alike its kind.
    code: str
    value: Any
    # The JSON it was read from; for wrappers of an unusual form, all of the wrapper.
    text: str


def inflated(content: bytes) -> bytes:
    """The bytes without gzip, however many members, and without a byte order mark."""
    content = gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    return content.removeprefix(BYTE_ORDER_MARK)


def holds_json(content: bytes) -> bool:
    """Whether bytes begin like JSON, or like a line of CloudWatch's exports."""
    return BEGINS_LIKE_JSON.match(content[:4096].decode("utf-8", "replace")) is not None


def found_in(text: str) -> Iterator[Found]:
    """All that a document holds, in order."""
    for value, own in values(text):
        yield from sorted_out(value, own)


# --- top-level values -----------------------------------------------------------------------------------------------


def values(text: str) -> Iterator[tuple[Any, str]]:
    """Top-level values one after another, the usual `Records` wrappers and arrays opened; each with its own text."""
    at = BEFORE_VALUE.match(text).end()
    while at < len(text):
        if wrapper := RECORDS.match(text, at):
            at = yield from elements(text, wrapper.end())
            at = skip_members(text, at)
        elif text[at] == "[":
            at = yield from elements(text, at + 1)
        else:
            value, end = DECODER.raw_decode(text, at)
            yield value, text[at:end]
            at = end
        at = BEFORE_VALUE.match(text, at).end()


def elements(text: str, at: int) -> Iterator[tuple[Any, str]]:
    """The elements of an array whose bracket has been passed. Returns the place behind its closing bracket."""
    while True:
        at = SEPARATORS.match(text, at).end()
        if text[at : at + 1] == "]":
            return at + 1
        value, end = DECODER.raw_decode(text, at)
        yield value, text[at:end]
        at = end


def skip_members(text: str, at: int) -> int:
    """Steps over what follows `Records` in its wrapper. Returns the place behind the closing brace."""
    while True:
        at = SEPARATORS.match(text, at).end()
        if text[at : at + 1] == "}":
            return at + 1
        _, at = DECODER.raw_decode(text, at)
        at = SPACE.match(text, at).end()
        if text[at : at + 1] != ":":
            raise ValueError("a colon is missing")
        _, at = DECODER.raw_decode(text, SPACE.match(text, at + 1).end())


# --- what a value is ------------------------------------------------------------------------------------------------


def sorted_out(value: Any, text: str) -> Iterator[Found]:
    """What a value is or, if it is a wrapper, what it holds."""
    if is_list(value):
        for item in value:
            yield from sorted_out(item, text)
    elif not isinstance(value, Pairs):
        yield Found("reject", "not_an_event", value, text)
    elif lists := [member for name, member in value if name == "Records" and is_list(member)]:
        yield from sorted_out(lists, text)
    elif code := standing(value):
        yield from one(value, text, code)
    elif value.has("detail-type", "detail"):
        yield from eventbridge(value, text)
    elif is_control_message(value):
        # It holds a line like any other.
        yield Found("look_alike", "control_message", value, text)
    elif letter := letter_in(value):
        yield from opened(letter, value, text)
    elif lists := [member for _, member in value if is_list(member) and is_promising(member)]:
        yield from sorted_out(lists, text)
    elif code := look_alike(value):
        yield Found("look_alike", code, value, text)
    elif value.has("eventData", "metadata"):
        # What partners put into CloudTrail Lake.
        yield Found("reject", "unsupported", value, text)
    else:
        yield Found("reject", "not_an_event", value, text)


def one(value: Pairs, text: str, code: str) -> Iterator[Found]:
    """A record that is CloudTrail's."""
    yield Found("event", "", value, text) if code == "event" else Found("reject", code, value, text)


def standing(value: Any) -> str | None:
    """Whether a value is CloudTrail's: an "event", or "unsupported"; None of all others.

    A bucket's notification shares eight of an event's keys, and streams of changes some, too.
    """
    if not isinstance(value, Pairs):
        return None
    given = {key for key, member in value if member is not None}
    if not given & {"eventName", "insightDetails", "summary"} or not given & {"eventVersion", "eventSource"}:
        return None
    if given & {"s3", "dynamodb"} or as_text(value.get("eventSource")).startswith("aws:"):
        return None
    version = re.fullmatch(r"([0-9]+)(?:\..*)?", as_text(value.get("eventVersion")), re.DOTALL)
    return "unsupported" if version and int(version[1]) >= 2 else "event"


def look_alike(value: Pairs) -> str | None:
    """The kind of something that is known and no event."""
    source = value.get("eventSource")
    rules = [
        ("s3_notification", source == "aws:s3" or value.has("s3", "eventName")),
        ("s3_test_event", value.get("Event") == "s3:TestEvent"),
        ("log_file_notification", value.has("s3Bucket", "s3ObjectKey")),
        ("digest", value.has("digestS3Object", "logFiles")),
        ("dynamodb_change", value.has("dynamodb") or source == "aws:dynamodb"),
        ("config_item", value.has("configurationItems")),
        ("config_item", value.has("configurationItem", "messageType")),
        ("config_item", value.has("configSnapshotId")),
        ("config_item", value.has("configRuleName") and value.has("invokingEvent")),
        ("lake_signature", value.has("hashSignature") and (value.has("queryCompleteTime") or value.has("files"))),
    ]
    return next((kind for kind, fits in rules if fits), None)


def is_promising(items: list[Any]) -> bool:
    """Whether a list holds CloudTrail's records, or what they travel in."""
    objects = [item for item in items[:LOOKED_AT] if isinstance(item, Pairs)]
    return any(
        standing(item) or letter_in(item) or item.has("detail-type", "detail") or is_control_message(item)
        for item in objects
    )


def is_control_message(value: Pairs) -> bool:
    """Whether a value is what CloudWatch Logs sends to see whether anybody listens."""
    return value.get("messageType") == "CONTROL_MESSAGE"


# --- wrappings ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Letter:
    """A document in a string."""

    content: str
    # In base64, and then often gzipped.
    packed: bool
    # What it is if it is no JSON.
    otherwise: str


def letter_in(value: Pairs) -> Letter | None:
    """The document that a message, a log line or a record of a stream holds."""
    for letter in [lookup_row, log_event, sns_message, sqs_message, stream_record]:
        for content, packed, otherwise in letter(value):
            if isinstance(content, str):
                return Letter(content, packed, otherwise)
    return None


def eventbridge(message: Pairs, text: str) -> Iterator[Found]:
    """`{"detail-type": ..., "detail": {the event}}`; other services' events come the same way."""
    detail = message.get("detail")
    if code := standing(detail):
        yield from one(detail, text, code)
    else:
        yield Found("look_alike", "eventbridge_event", message, text)


def lookup_row(row: Pairs) -> Iterator[tuple[Any, bool, str]]:
    """`{"EventId": ..., "CloudTrailEvent": "the event"}`, a row of a LookupEvents response."""
    yield row.get("CloudTrailEvent"), False, "log_line"


def log_event(line: Pairs) -> Iterator[tuple[Any, bool, str]]:
    """`{"id": ..., "timestamp": ..., "message": "the event"}` of CloudWatch Logs, and what Lambda gets of them."""
    if line.has("id", "timestamp"):
        yield line.get("message"), False, "log_line"
    yield below(line, "awslogs", "data"), True, "log_line"


def sns_message(message: Pairs) -> Iterator[tuple[Any, bool, str]]:
    """The message of an SNS notification, as it arrives and as Lambda gets it."""
    if message.has("Type", "TopicArn"):
        yield message.get("Message"), False, "sns_message"
    yield below(message, "Sns", "Message"), False, "sns_message"


def sqs_message(message: Pairs) -> Iterator[tuple[Any, bool, str]]:
    """The body of an SQS message, as the queue gives it and as Lambda does."""
    if message.has("MessageId", "ReceiptHandle"):
        yield message.get("Body"), False, "sqs_message"
    if message.get("eventSource") == "aws:sqs":
        yield message.get("body"), False, "sqs_message"


def stream_record(record: Pairs) -> Iterator[tuple[Any, bool, str]]:
    """What Lambda gets of Kinesis and Firehose."""
    yield below(record, "kinesis", "data"), True, "stream_record"
    if record.has("recordId", "approximateArrivalTimestamp"):
        yield record.get("data"), True, "stream_record"


def below(value: Pairs, outer: str, inner: str) -> Any:
    """A member of a member."""
    member = value.get(outer)
    return member.get(inner) if isinstance(member, Pairs) else None


def opened(letter: Letter, value: Pairs, text: str) -> Iterator[Found]:
    """What a document in a string holds."""
    try:
        content = unpacked(letter)
    except (ValueError, OSError, EOFError, zlib.error):
        yield Found("reject", "bad_payload", value, text)
        return
    if holds_json(content):
        yield from found_in(content.decode("utf-8"))
    else:
        yield Found("look_alike", letter.otherwise, value, text)


def unpacked(letter: Letter) -> bytes:
    """The bytes of a document. Raises if they cannot be had."""
    if not letter.packed:
        return letter.content.encode("utf-8").removeprefix(BYTE_ORDER_MARK)
    content = letter.content.strip()
    try:
        # Padding is not insisted on.
        packed = base64.b64decode(content.rstrip("=") + "=" * (-len(content.rstrip("=")) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("no base64") from error
    return inflated(packed)
