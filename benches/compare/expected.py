"""Counts with nothing but Python what must come of log objects: rows by partition, and values by field."""

import gzip
import json
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Iterator

from fields import ListOf, Tree, documented
from inputs import Input


@dataclass(frozen=True)
class Expected:
    """What an output must hold."""

    # By partition, as its directories spell it.
    rows: "dict[str, int]"
    # By field, with dots between its parts: how many are there and not null.
    values: "dict[str, int]"


def expect(logs: Input) -> Expected:
    """What must come of log objects. It is counted once, and kept beside them."""
    kept = logs.directory / "expected.json"
    if kept.exists():
        return Expected(**json.loads(kept.read_text("utf-8")))
    expected = count(logs.logs)
    kept.write_text(json.dumps(asdict(expected)), "utf-8")
    return expected


def count(directory: Path) -> Expected:
    tree = documented()
    rows: "Counter[str]" = Counter()
    values: "Counter[str]" = Counter()
    for path in directory.rglob("*.json.gz"):
        with gzip.open(path) as log:
            for event in json.load(log)["Records"]:
                rows[partition(event)] += 1
                values.update(present(event, tree))
    return Expected(dict(rows), dict(values))


def partition(event: "dict[str, Any]") -> str:
    """The directories that an event belongs in. An Insight event belongs to the service concerned."""
    source = event.get("eventSource") or event["insightDetails"]["eventSource"]
    service = source.removesuffix(".amazonaws.com")
    return f"date={event['eventTime'][:10]}/service={service}/region={event['awsRegion']}"


def present(members: "dict[str, Any]", tree: Tree, prefix: str = "") -> "Iterator[str]":
    """The documented fields that are there and not null, once for each time."""
    for name, kind in tree.items():
        value = members.get(name)
        if value is None:
            continue
        if isinstance(kind, dict):
            yield from present(value, kind, f"{prefix}{name}.")
        elif isinstance(kind, ListOf):
            for entry in value:
                yield from present(entry, kind.members, f"{prefix}{name}.")
        else:
            yield prefix + name
