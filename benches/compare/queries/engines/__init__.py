"""The peers, each as its own documentation says it is best used over Parquet files in Hive directories.

A module has `table`, what a query says in place of {events}; `literal`, how it writes a value; and `open`, which makes
a session and returns what answers a query in it. The engine itself is loaded by `open` alone.
"""

from datetime import date, datetime
from typing import Any, Callable

Value = str | date | datetime
Rows = list[dict[str, Any]]
Ask = Callable[[str], Rows]


def glob(dataset: str) -> str:
    """The data files, below the directories of their partitions, so that no engine lists any other."""
    return f"{dataset}/date=*/service=*/region=*/*.parquet"


def sql_literal(value: Value) -> str:
    """A value as SQL. Times are UTC, and written without a zone, which all engines are told or take for UTC."""
    if isinstance(value, datetime):
        value = value.strftime("%Y-%m-%d %H:%M:%S")
    return "'" + str(value).replace("'", "''") + "'"
