#!/usr/bin/env python3
"""Checks that `trailhouse export` gives back the events that `trailhouse convert` was given.

    roundtrip.py --trailhouse FILE SOURCE...

Converts the sources, exports the dataset in both forms, and compares the events of the logs with the exported ones as
a bag of JSON values: numbers by their text, repeated keys in their order, lone surrogates as they are, the order of
keys left aside. Needs nothing but the standard library. Values are never printed, for logs may hold secrets.
"""

import argparse
import base64
import gzip
import json
import subprocess
import sys
import tempfile
import zlib
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, Iterator

from logs import GZIP_MAGIC, SEPARATORS, NotReadable, Number, is_event, log_objects, refuse_constant
from reference import expect

SHOWN = 8


class Pairs(list):
    """The members of a JSON object in their order, repeated keys included."""

    def get(self, key: str) -> Any:
        """The first member of that name."""
        return next((value for name, value in self if name == key), None)


DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=refuse_constant, object_pairs_hook=Pairs
)


def parse_all(text: str) -> list[Any]:
    """All JSON values of a text: one, or several with blanks, line breaks or commas between them."""
    found, at = [], SEPARATORS.match(text).end()
    while at < len(text):
        value, at = DECODER.raw_decode(text, at)
        found.append(value)
        at = SEPARATORS.match(text, at).end()
    return found


def unwrap(value: Any) -> Iterator[Any]:
    """What a value holds where events are due. A wrapper that holds no event counts for itself."""
    if isinstance(value, list) and not isinstance(value, Pairs):
        for item in value:
            yield from unwrap(item)
        return
    if isinstance(value, Pairs):
        records = value.get("Records")
        if isinstance(records, list) and not isinstance(records, Pairs):
            for record in records:
                yield from unwrap(record)
            return
        for opened in WRAPPERS:
            inside = [found for part in opened(value) for found in unwrap(part)]
            if any(map(is_cloudtrail, inside)):
                yield from inside
                return
    yield value


def eventbridge(message: Pairs) -> list[Any]:
    """`{"detail-type": ..., "detail": {the event}}`"""
    return [message.get("detail")]


def cloudwatch_logs(message: Pairs) -> list[Any]:
    """`{"logEvents": [{"message": "the event"}]}`"""
    lines = message.get("logEvents")
    return [value for line in items(lines) for value in from_text(line.get("message"))]


def lookup_events(message: Pairs) -> list[Any]:
    """`{"Events": [{"CloudTrailEvent": "the event"}]}`, and each of the rows by itself."""
    rows = [message, *items(message.get("Events"))]
    return [value for row in rows for value in from_text(row.get("CloudTrailEvent"))]


def queue(message: Pairs) -> list[Any]:
    """The body of an SQS message, as the queue gives it and as Lambda does."""
    rows = [message, *items(message.get("Messages"))]
    return [value for row in rows for name in ("body", "Body") for value in from_text(row.get(name))]


def topic(message: Pairs) -> list[Any]:
    """The message of an SNS notification, as it arrives and as Lambda gets it."""
    rows = [message, message.get("Sns")]
    return [value for row in rows if isinstance(row, Pairs) for value in from_text(row.get("Message"))]


def packed(message: Pairs) -> list[Any]:
    """Base64, often gzipped: what Lambda gets of CloudWatch Logs, Kinesis and Firehose."""
    rows = [message, message.get("awslogs"), message.get("kinesis"), *items(message.get("records"))]
    return [value for row in rows if isinstance(row, Pairs) for value in from_base64(row.get("data"))]


WRAPPERS = [eventbridge, cloudwatch_logs, lookup_events, queue, topic, packed]


def items(value: Any) -> list[Pairs]:
    """The objects in a list."""
    if not isinstance(value, list) or isinstance(value, Pairs):
        return []
    return [item for item in value if isinstance(item, Pairs)]


def from_text(text: Any) -> list[Any]:
    """The JSON values of a string; none if it is no JSON."""
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return []
    try:
        return parse_all(text)
    except (ValueError, RecursionError):
        return []


def from_base64(text: Any) -> list[Any]:
    """The JSON values of a string in base64."""
    try:
        content = base64.b64decode(text, validate=True)
        content = gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
        return from_text(content.decode("utf-8"))
    except (TypeError, ValueError, OSError, EOFError, zlib.error):
        return []


def is_cloudtrail(value: Any) -> bool:
    """Whether a value is a CloudTrail event."""
    return isinstance(value, Pairs) and is_event(dict(value))


def read(paths: list[str]) -> list[Any]:
    """All that the log objects hold where events are due."""
    found = []
    for path in paths:
        content = Path(path).read_bytes()
        try:
            content = gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
            content = content.removeprefix(b"\xef\xbb\xbf")
            if content.lstrip()[:1] in (b"{", b"["):
                found.extend(each for value in parse_all(content.decode("utf-8")) for each in unwrap(value))
        except (ValueError, EOFError, OSError, RecursionError) as error:
            raise NotReadable(f"{path}: cannot be read as JSON ({type(error).__name__})") from error
    return found


def strict(value: Any) -> tuple:
    """A JSON value, comparable and hashable, with all that it says and without the order of its keys."""
    if isinstance(value, Pairs):
        # Sorting is stable: members of one name stay in their order.
        return ("object", *((key, strict(member)) for key, member in sorted(value, key=lambda pair: pair[0])))
    if isinstance(value, list):
        return ("array", *map(strict, value))
    if isinstance(value, Number):
        return ("number", value.text)
    return (type(value).__name__, value)


def plain(value: Any) -> Any:
    """The value as dictionaries, for the rules that need no more."""
    if isinstance(value, Pairs):
        return {key: plain(member) for key, member in value}
    return list(map(plain, value)) if isinstance(value, list) else value


def run(*command: str) -> str:
    """What a command prints. Its messages are ours, should it fail."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise NotReadable(f"{command[1]} ended with {done.returncode}: {done.stderr[:300]}")
    return done.stdout


class Differences(list):
    """What did not agree."""

    def compare(self, what: str, found: int, due: int) -> None:
        """Notes a difference of two counts."""
        if found != due:
            self.append(f"{what}: {found}, due is {due}")


def compare_bags(differences: Differences, due: list[Any], found: list[Any]) -> None:
    """No event was a duplicate: exactly those that went in come out."""
    due, found = Counter(map(strict, due)), Counter(map(strict, found))
    differences.compare("events that came back changed or not at all", (due - found).total(), 0)
    differences.compare("exported events that were in no log", (found - due).total(), 0)


def compare_copies(differences: Differences, due: list[Any], found: list[Any], duplicates: int) -> None:
    """Some were duplicates: of each event exactly one copy comes out, and it is one of those that went in."""
    copies = defaultdict(list)
    for event in due:
        copies[expect(plain(event)).key()].append(strict(event))
    differences.compare("duplicates", duplicates, len(due) - len(copies))
    met: Counter = Counter()
    for event in found:
        key = expect(plain(event)).key()
        met[key] += 1
        if strict(event) not in copies.get(key, []):
            differences.append("an exported event is none of the copies that were in the logs")
    for key in copies.keys() | met.keys():
        differences.compare("copies of one event", met[key], 1)


def check(trailhouse: str, sources: list[str], differences: Differences) -> str:
    """Goes there and back. Returns a line about what was compared."""
    due = [value for value in read(log_objects(sources)) if is_cloudtrail(value)]
    with tempfile.TemporaryDirectory() as scratch:
        dataset, files = f"{scratch}/dataset", f"{scratch}/files"
        convert = [trailhouse, "convert", "--report", "json", "--allow-rejects"]
        report = json.loads(run(*convert, *sources, "--to", dataset))["events"]
        exported = []
        if report["written"]:
            run(trailhouse, "export", dataset, "--to", files)
            exported = read(log_objects([files]))
            lines = run(trailhouse, "export", dataset, "--to", "-", "--format", "ndjson").split("\n")[:-1]
            if [strict(DECODER.decode(line)) for line in lines] != [*map(strict, exported)]:
                differences.append("the exported lines are not the events of the exported files")
            again = json.loads(run(*convert, files, "--to", f"{scratch}/again"))["events"]
            for name, count in [("written", report["written"]), ("duplicates", 0), ("rejected", 0)]:
                differences.compare(f"converted again, events {name}", again[name], count)

    differences.compare("events exported", len(exported), report["written"])

    if report["duplicates"]:
        compare_copies(differences, due, exported, report["duplicates"])
    else:
        compare_bags(differences, due, exported)
    return f"{len(exported)} events came back, {report['duplicates']} were duplicates"


def main() -> int:
    """Tells the differences; exits with 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("sources", nargs="+", help="log objects, or directories of them")
    options = parser.parse_args()
    differences = Differences()
    try:
        summary = check(options.trailhouse, options.sources, differences)
    except NotReadable as error:
        print(f"   FAILED: {error}")
        return 1
    for difference, times in list(Counter(differences).items())[:SHOWN]:
        print(f"   differs: {difference}" + (f" ({times} times)" if times > 1 else ""))
    print(f"   {summary}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
