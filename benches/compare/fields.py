"""The fields that every system keeps: those that CloudTrail documents, from schemas/cloudtrail.json.

A peer gets them as a tree, so that it can read each object of an event as the struct of its own kind.
"""

import json
from pathlib import Path
from typing import Any, Dict, Union

SCHEMA = Path(__file__).resolve().parents[2] / "schemas" / "cloudtrail.json"

TEXT, TIME, BOOLEAN, JSON = "text", "time", "boolean", "json"

# A kind of value by the name of its field; objects with members of their own are trees again.
Tree = Dict[str, Union[str, "Tree", "ListOf"]]


class ListOf:
    """An array of objects."""

    def __init__(self, members: Tree) -> None:
        self.members = members


RESOURCES = ListOf({"ARN": TEXT, "ARNPrefix": TEXT, "accountId": TEXT, "type": TEXT})


def documented() -> Tree:
    """All documented fields of an event.

    Only `eventTime` is a time: the other times, and the booleans that CloudTrail writes as strings, stay the texts that
    they are in JSON. trailhouse reads those too; its peers need not.
    """
    tree: Tree = {}
    for column in columns():
        *parents, name = column["path"].split(".")
        place: Any = tree
        for parent in parents:
            place = place.setdefault(parent, {})
        place[name] = kind(column)
    return tree


def columns() -> "list[dict[str, Any]]":
    """The columns of trailhouse that hold a field as it is."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    return [column for column in schema["columns"] if column["kind"] == "field" and column["path"]]


def kind(column: "dict[str, Any]") -> Union[str, ListOf]:
    """What a peer takes a field for."""
    if column["path"] == "eventTime":
        return TIME
    if column["type"] == "resources":
        return RESOURCES
    if column["type"] == "boolean" and column.get("written_as") != "string":
        return BOOLEAN
    return JSON if column["type"] == "json" else TEXT
