"""Reads CloudTrail log objects with nothing but the standard library.

This is the other side of the comparison, so it shares no code and no cleverness with the converter. It reads sound
JSON only: an object that begins like JSON and then breaks stops the check, for nobody could say what it should hold.
"""

import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Iterator

from containers import Found, found_in, holds_json, inflated
from jsontext import plain

# [prefix/]AWSLogs/[o-orgid/]ACCOUNT/SERVICE/REGION/...
DELIVERED = re.compile(r"/AWSLogs/(?:o-[^/]*/)?[^/]+/(?P<service>[^/]+)/[^/]+/(?P<day>\d{4}/\d\d/\d\d/)?(?!.*/AWSLogs/)")
# Files of other names lie beside logs, such as a LICENSE.
NAMED_LIKE_LOGS = (".json", ".gz", ".jsonl", ".ndjson", ".log", ".zst", ".bz2", ".txt")


class NotReadable(Exception):
    """An object this check cannot judge. The message names the object and the place, never the content."""


@dataclass(frozen=True)
class Record:
    """What an object holds at one place where an event is due: an event, or what must be a reject."""

    object: str
    index: int
    found: Found

    @property
    def value(self) -> dict:
        """As dictionaries and lists."""
        return plain(self.found.value)

    @property
    def text(self) -> str:
        """The JSON it was read from."""
        return self.found.text

    @property
    def is_event(self) -> bool:
        """Whether this is an event."""
        return self.found.sort == "event"


@dataclass
class LogObject:
    """One object and all that it holds."""

    path: str
    records: list[Record] = field(default_factory=list)
    look_alikes: Counter = field(default_factory=Counter)
    # Why it counts as no log, by the code of the report; None if it does.
    skipped: str | None = None


def log_objects(sources: list[str]) -> dict[str, bool]:
    """The files named by `sources`, directories searched, in the order of their full names; whether named as such."""
    found: dict[str, bool] = {}
    for source in map(os.path.realpath, sources):
        if os.path.isfile(source):
            found[source] = True
        elif os.path.isdir(source):
            for directory, _, names in os.walk(source):
                for name in names:
                    found.setdefault(os.path.join(directory, name), False)
        else:
            raise NotReadable(f"{source}: no such file or directory")
    return dict(sorted(found.items(), key=lambda item: os.fsencode(item[0])))


def read(sources: list[str]) -> list[LogObject]:
    """All log objects, in order."""
    objects = []
    for path, named in log_objects(sources).items():
        try:
            objects.append(read_object(path, named))
        except (ValueError, EOFError, OSError, RecursionError) as error:
            raise NotReadable(f"{path}: cannot be read as JSON ({type(error).__name__})") from error
    return objects


def read_object(path: str, named: bool) -> LogObject:
    """One object. What is no JSON, such as a LICENSE lying beside the logs, is skipped."""
    log = LogObject(path, skipped=skipped_by_key(path, named))
    if log.skipped:
        return log
    with open(path, "rb") as file:
        content = inflated(file.read())
    if not holds_json(content):
        if content.strip():
            log.skipped = "not_log"
            if named or path.lower().endswith(NAMED_LIKE_LOGS):
                raise ValueError("named like a log")
        return log
    for found in found_in(content.decode("utf-8")):
        if found.sort == "look_alike":
            log.look_alikes[found.code] += 1
        else:
            log.records.append(Record(path, len(log.records), found))
    if not log.records and log.look_alikes:
        # Counters keep the order in which kinds were met.
        log.skipped = next(iter(log.look_alikes))
    return log


def skipped_by_key(path: str, named: bool) -> str | None:
    """Why an object need not be opened, if its key proves it."""
    delivered = DELIVERED.search(path)
    if delivered is None:
        return None
    if delivered["service"] == "CloudTrail-Digest" and delivered["day"]:
        return "digest"
    return None if named or delivered["service"].startswith("CloudTrail") else "other_service"


def records(objects: list[LogObject]) -> Iterator[Record]:
    """All that the objects hold where events are due."""
    for log in objects:
        yield from log.records
