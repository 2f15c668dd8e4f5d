"""Reads CloudTrail log objects with nothing but the standard library.

This is the other side of the comparison, so it shares no code and no cleverness with the converter. It reads sound
JSON only: an object that begins like JSON and then breaks stops the check, for nobody could say what it should hold.
"""

import gzip
import json
import os
import re
from dataclasses import dataclass
from typing import Any, Iterator

GZIP_MAGIC = b"\x1f\x8b"
SPACE = re.compile(r"[ \t\r\n]*")
SEPARATORS = re.compile(r"[ \t\r\n,]*")
RECORDS = re.compile(r'\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')


class NotReadable(Exception):
    """An object this check cannot judge. The message names the object and the place, never the content."""


@dataclass(frozen=True)
class Number:
    """A JSON number as its text, so that 500.0, 1E-5 and 19 digits stay what they were and never equal a string."""

    text: str


@dataclass(frozen=True)
class Record:
    """What an object holds at one place where an event is due: an event, or something else."""

    object: str
    index: int
    value: Any
    # The JSON it was read from; for wrappers of an unusual form, all of the wrapper.
    text: str


def refuse_constant(name: str) -> None:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=refuse_constant)


def parse(text: str) -> Any:
    """One JSON value, its numbers kept as text."""
    return DECODER.decode(text)


def canonical(value: Any) -> str:
    """One text for all spellings of a value that differ in key order and blanks only."""
    return json.dumps(value, sort_keys=True, default=lambda number: {"number": number.text})


def log_objects(sources: list[str]) -> list[str]:
    """The files named by `sources`, directories searched, in the order of their full names."""
    found = set()
    for source in map(os.path.realpath, sources):
        if os.path.isfile(source):
            found.add(source)
        elif os.path.isdir(source):
            for directory, _, names in os.walk(source):
                found.update(os.path.join(directory, name) for name in names)
        else:
            raise NotReadable(f"{source}: no such file or directory")
    return sorted(found, key=os.fsencode)


def read(sources: list[str]) -> list[Record]:
    """All records of all log objects, in order."""
    records = []
    for path in log_objects(sources):
        try:
            records.extend(read_object(path))
        except (ValueError, EOFError, OSError, RecursionError) as error:
            raise NotReadable(f"{path}: cannot be read as JSON ({type(error).__name__})") from error
    return records


def read_object(path: str) -> Iterator[Record]:
    """The records of one object; none if it is no JSON, such as a LICENSE lying beside the logs."""
    with open(path, "rb") as file:
        content = file.read()
    if content.startswith(GZIP_MAGIC):
        content = gzip.decompress(content)
    content = content.removeprefix(b"\xef\xbb\xbf")
    if content.lstrip()[:1] not in (b"{", b"["):
        return
    for index, (value, text) in enumerate(values(content.decode("utf-8"))):
        yield Record(path, index, value, text)


def values(text: str) -> Iterator[tuple[Any, str]]:
    """What stands where events are due: top-level values one after another, `Records` wrappers and arrays opened."""
    at = SPACE.match(text).end()
    while at < len(text):
        if wrapper := RECORDS.match(text, at):
            at = yield from elements(text, wrapper.end())
            at = skip_members(text, at)
        elif text[at] == "[":
            at = yield from elements(text, at + 1)
        else:
            value, end = DECODER.raw_decode(text, at)
            yield from opened(value, text[at:end])
            at = end
        at = SPACE.match(text, at).end()


def elements(text: str, at: int) -> Iterator[tuple[Any, str]]:
    """The elements of an array whose bracket has been passed. Returns the place behind its closing bracket."""
    while True:
        at = SEPARATORS.match(text, at).end()
        if text[at : at + 1] == "]":
            return at + 1
        value, end = DECODER.raw_decode(text, at)
        yield from opened(value, text[at:end])
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


def opened(value: Any, text: str) -> Iterator[tuple[Any, str]]:
    """The records of a wrapper whose first member is not `Records`; anything else is itself."""
    if isinstance(value, dict) and isinstance(value.get("Records"), list):
        for record in value["Records"]:
            yield from opened(record, text)
    else:
        yield value, text


def is_event(value: Any) -> bool:
    """Whether a value is a CloudTrail event, and not, say, an S3 notification, which shares eight of its keys."""
    if not isinstance(value, dict):
        return False
    given = {key for key, member in value.items() if member is not None}
    if not given & {"eventName", "insightDetails", "summary"} or not given & {"eventVersion", "eventSource"}:
        return False
    if as_text(value.get("eventSource")).strip().startswith("aws:"):
        return False
    major = re.match(r"\d+", as_text(value.get("eventVersion")))
    return major is None or int(major.group()) < 2


def as_text(value: Any) -> str:
    """A string or a number as text; empty for everything else."""
    if isinstance(value, Number):
        return value.text
    return value if isinstance(value, str) else ""
