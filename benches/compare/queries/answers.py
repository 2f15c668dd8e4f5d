"""Answers as all engines give them: the same values, whichever way they are written."""

import re
from typing import Any

from engines import Rows

TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|[+]00(?::?00)?)?")
NUMBER = re.compile(r"-?\d+(\.\d+)?")


def normal(value: Any) -> Any:
    """Times as one text; numbers as numbers, also those that an engine writes as text for being large or exact."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        if time := TIME.fullmatch(value):
            return f"{time[1]}T{time[2]}.{(time[3] or '').rstrip('0')}Z"
        if not NUMBER.fullmatch(value):
            return value
        value = float(value) if "." in value else int(value)
    return float(f"{value:.12g}") if isinstance(value, float) else value


def difference(found: Rows, due: Rows) -> str | None:
    """The first way in which an answer is not the one that is due."""
    if len(found) != len(due):
        return f"{len(found)} rows, not {len(due)}"
    for number, (row, other) in enumerate(zip(found, due), 1):
        if row.keys() != other.keys():
            return f"columns {', '.join(row)}, not {', '.join(other)}"
        for name, value in row.items():
            if normal(value) != normal(other[name]):
                return f"{name} of row {number} is {value!r}, not {other[name]!r}"
    return None
