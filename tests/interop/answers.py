"""What a query over events must find, worked out on the events' JSON with nothing but the standard library.

An answer is written as a list of words, one a column:

    eventName                           a member of the event
    userIdentity.arn                    one further in; SQL calls the column after the last part
    userArn=userIdentity.arn            by a name of its own
    key=@requestParameters/key          a member as the text that CloudTrail Lake's maps hold
    key=$requestParameters/key          a member if it is a scalar, as json_extract_scalar gives it
    #calls  <first=eventTime  >last=eventTime       in groups: how many, the least, the greatest

`:t` marks times, `:j` JSON, `:s` lists without an order, `:u` identities, of which AWS's schema lists the members.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable, Iterable

from jsontext import DECODER, Number, plain

Row = tuple
KINDS = ("t", "j", "s", "u")
SESSION = {"attributes", "sessionissuer", "webidfederationdata", "sourceidentity", "ec2roledelivery", "ec2issuedinvpc"}
IDENTITY = {"type", "principalid", "arn", "accountid", "accesskeyid", "username", "invokedby", "identityprovider"}


# --- events -----------------------------------------------------------------------------------------------------------


class Event:
    """An event, and how the two tables see what it holds."""

    def __init__(self, value: dict[str, Any]) -> None:
        self.value = value

    def __call__(self, path: str) -> Any:
        """What lies at a path. Whatever is not there is NULL."""
        found: Any = self.value
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        # Of an Insight event, both tables show the API concerned.
        if found is None and path in ("eventName", "eventSource"):
            return (self.value.get("insightDetails") or {}).get(path)
        return number(found)

    def text(self, path: str) -> str | None:
        """A field that is an object, as JSON text without blanks."""
        value = self(path)
        return None if value is None else value if isinstance(value, str) else compact(value)

    def entry(self, name: str, key: str) -> str | None:
        """A member of an object as a map of texts has it: no JSON for strings, JSON for everything else."""
        return as_entry(self(name).get(key)) if isinstance(self(name), dict) else None

    def scalar(self, name: str, *keys: str | int) -> str | None:
        """A string, number or boolean within an object, as text."""
        found = self(name)
        for key in keys:
            if isinstance(key, int):
                found = found[key] if isinstance(found, list) and key < len(found) else None
            else:
                found = found.get(key) if isinstance(found, dict) else None
        return None if isinstance(found, (dict, list)) else as_entry(found)

    def parsed(self, path: str) -> Any:
        """What a text that is JSON holds."""
        return plain(DECODER.decode(self(path)))

    def within(self, window: str) -> bool:
        """Whether it happened in an interval such as `[2023-07-06, 2023-07-08 12:00:00)`; each side may be empty."""
        since, until = window[1:-1].split(",")
        time, since, until = self("eventTime"), instant(since.strip()), instant(until.strip())
        if not isinstance(time, str):
            return False
        time = instant(time)
        after = not since or (time >= since if window[0] == "[" else time > since)
        return after and (not until or (time <= until if window[-1] == "]" else time < until))

    @property
    def resources(self) -> list[dict[str, Any]]:
        """What it was done to."""
        return self("resources") or []


def number(value: Any) -> Any:
    """Numbers as Python's."""
    if not isinstance(value, Number):
        return value
    return int(value.text) if re.fullmatch(r"-?\d+", value.text) else float(value.text)


def as_entry(value: Any) -> str | None:
    """A JSON value as text."""
    return value if value is None or isinstance(value, str) else compact(value)


def compact(value: Any) -> str:
    """JSON without blanks, its keys in the order they came in."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(key)}:{compact(member)}" for key, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, str):
        return '"' + re.sub(r'[\\"]', r"\\\g<0>", value).replace("\n", "\\n") + '"'
    words = {True: "true", False: "false", None: "null"}
    return value.text if isinstance(value, Number) else words[value] if value in (True, False, None) else str(value)


def like(text: Any, pattern: str) -> bool:
    """SQL's LIKE. NULL is like nothing."""
    parts = (".*" if part == "%" else "." if part == "_" else re.escape(part) for part in re.split("([%_])", pattern))
    return isinstance(text, str) and re.fullmatch("".join(parts), text, re.DOTALL) is not None


def differ(left: Any, right: Any) -> bool:
    """SQL's `!=`. NULL differs from nothing."""
    return left is not None and right is not None and left != right


# --- values, so that both sides are written alike ---------------------------------------------------------------------


def instant(text: str) -> str:
    """A time as `2023-01-02T10:00:00`, whichever way it was written. A date is its first moment."""
    text = text.replace(" ", "T").removesuffix("Z").removesuffix("+00:00")
    return text + "T00:00:00" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else re.sub(r"\.0+$", "", text)


def loose(value: Any) -> Any:
    """JSON in the shapes that structs, maps and text give it: members that are NULL left out, scalars as text."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            value = plain(DECODER.decode(value))
        except ValueError:
            return value
    if isinstance(value, dict):
        members = ((key.lower(), loose(member)) for key, member in value.items() if member is not None)
        return {key: member for key, member in sorted(members, key=lambda pair: pair[0]) if member != {}}
    if isinstance(value, list):
        return [loose(member) for member in value]
    return value if value is None else as_entry(value)


def identity(value: Any) -> Any:
    """An identity with the members that both tables must have. They may have more."""
    who = loose(value)
    known = {key: member for key, member in who.items() if key in IDENTITY}
    session = {key: member for key, member in who.get("sessioncontext", {}).items() if key in SESSION}
    return known | ({"sessioncontext": session} if session else {})


def usual(value: Any, kind: str) -> Any:
    """A value of a column in the form in which it is compared."""
    if value is None:
        return None
    if kind == "t":
        return instant(value) if isinstance(value, str) else value
    if kind == "j":
        return loose(value)
    if kind == "u":
        return identity(value)
    if kind == "s" and isinstance(value, list):
        return sorted((number(member) for member in value), key=lambda member: (member is not None, member))
    return [number(member) for member in value] if isinstance(value, list) else number(value)


# --- answers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a result: its name in lower case, if the query says it, and the kind of its values."""

    name: str | None
    kind: str = ""


@dataclass
class Answer:
    """The rows that are due, sorted. Of equal rows in the sense of `order`, any order will do."""

    columns: list[Column]
    rows: list[Row]
    # The columns by which the query sorts.
    order: list[int] = field(default_factory=list)
    limit: int | None = None
    # Whether the query is SELECT *, of which only these columns are looked at.
    star: bool = False

    def due(self) -> int:
        """How many rows there must be."""
        return len(self.rows) if self.limit is None else min(self.limit, len(self.rows))

    def faults(self, found: list[Row]) -> list[str]:
        """What is wrong with the rows of a result, without showing any."""
        if len(found) != self.due():
            return [f"{len(found)} rows, due are {self.due()}"]
        wanted, met = Counter(map(repr, self.rows)), Counter(map(repr, found))
        wrong = (met - wanted).total()
        if wrong:
            return [f"{wrong} rows that are not due{self.which(found)}"]
        keys = [[row[index] for index in self.order] for row in self.rows[: len(found)]]
        if keys != [[row[index] for index in self.order] for row in found]:
            return ["the rows are in another order"]
        return []

    def which(self, found: list[Row]) -> str:
        """The columns in which the values differ, if one can tell."""
        bad = [
            column.name or str(index)
            for index, column in enumerate(self.columns)
            if Counter(repr(row[index]) for row in found) - Counter(repr(row[index]) for row in self.rows)
        ]
        return f", to see in {', '.join(bad)}" if bad else ""


def columns_of(spec: str) -> list[tuple[Column, str]]:
    """The columns that words describe, and where their values come from."""
    found = []
    for word in spec.split():
        word, _, kind = word.rpartition(":") if word[-2:-1] == ":" and word[-1] in KINDS else (word, "", "")
        mark, word = (word[0], word[1:]) if word[0] in "#<>" else ("", word)
        name, given, path = word.partition("=") if "=" in word else ("", "", word)
        known = name.lower() if given else None if "." in path or "/" in path else path.lower()
        found.append((Column(known, kind), mark + path))
    return found


def value_of(event: Event, path: str) -> Any:
    """A column's value for an event."""
    if path[0] == "@":
        return event.entry(*path[1:].split("/", 1))
    if path[0] == "$":
        return event.scalar(*path[1:].split("/"))
    return event(path)


def answer(spec: str, rows: Iterable[Iterable[Any]], by: str = "", limit: int | None = None) -> Answer:
    """An answer of rows that are worked out. `by` names the columns to sort by, `-` before those that fall."""
    columns = [column for column, _ in columns_of(spec)]
    made = [tuple(usual(value, column.kind) for value, column in zip(row, columns, strict=True)) for row in rows]
    order = []
    for word in reversed(by.lower().split()):
        index = next(at for at, column in enumerate(columns) if column.name == word.lstrip("-"))
        # Presto sorts NULL last, whichever way.
        present = [row for row in made if row[index] is not None]
        present.sort(key=lambda row: row[index], reverse=word[0] == "-")
        made = present + [row for row in made if row[index] is None]
        order.insert(0, index)
    return Answer(columns, made, order, limit)


def select(events: Iterable[Event], spec: str, by: str = "", limit: int | None = None) -> Answer:
    """A row for each event."""
    paths = [path for _, path in columns_of(spec)]
    return answer(spec, ([value_of(event, path) for path in paths] for event in events), by, limit)


def everything(events: Iterable[Event], limit: int | None = None) -> Answer:
    """A row for each event, of SELECT *: enough to tell which events they are."""
    found = select(events, "eventID eventName eventSource eventTime:t awsRegion recipientAccountId", limit=limit)
    found.star = True
    return found


def distinct(events: Iterable[Event], spec: str, by: str = "") -> Answer:
    """A row for each combination."""
    found = select(events, spec, by)
    found.rows = list(dict.fromkeys(found.rows))
    return found


def tally(
    events: Iterable[Event], spec: str, by: str = "", having: int = 0, limit: int | None = None, also: str = ""
) -> Answer:
    """A row for each group with more events than `having`; `also` names what it is grouped by and not shown."""
    words = columns_of(spec)
    groups: dict[str, list[Event]] = {}
    keys = [path for _, path in [*words, *columns_of(also)] if path[0] not in "#<>"]
    for event in events:
        groups.setdefault(repr([value_of(event, path) for path in keys]), []).append(event)
    rows = (
        [aggregate(members, path) for _, path in words] for members in groups.values() if len(members) > having
    )
    return answer(spec, rows, by, limit)


def aggregate(members: list[Event], path: str) -> Any:
    """A column's value for a group."""
    if path[0] == "#":
        return len(members)
    if path[0] in "<>":
        values = [value for value in (value_of(member, path[1:]) for member in members) if value is not None]
        return (min if path[0] == "<" else max)(values, default=None)
    return value_of(members[0], path)


Answers = dict[str, Callable[[list[Event]], Answer]]


def register(answers: Answers, name: str) -> Callable:
    """Takes up a function as the answer to the query of that name."""

    def take_up(function: Callable[[list[Event]], Answer]) -> Callable[[list[Event]], Answer]:
        if name in answers:
            raise ValueError(f"{name}: has two answers")
        answers[name] = function
        return function

    return take_up
