"""DuckDB: read_parquet over the Hive directories.

* The partition columns have their types, so that none is guessed and conditions on them choose files by name alone.
* `parquet_metadata_cache` keeps the footers of files that were read before; it is off unless asked for.
* The query names read_parquet itself: making a view first would list the files once more.

Left as they are: `enable_external_file_cache` is on, and `cache_local_files` made nothing faster when tried. To return
times with a zone, the package needs another, pytz.
"""

from engines import Ask, Rows, glob
from engines import sql_literal as literal

__all__ = ["SETTINGS", "literal", "open", "session", "table"]

SETTINGS = "SET TimeZone = 'UTC'; SET parquet_metadata_cache = true;"


def table(dataset: str) -> str:
    types = "{'date': 'DATE', 'service': 'VARCHAR', 'region': 'VARCHAR'}"
    return f"read_parquet('{glob(dataset)}', hive_partitioning = true, hive_types = {types})"


def open(_: str) -> Ask:
    return session()


def session(*more: str) -> Ask:
    """A connection, after some more statements."""
    import duckdb

    connection = duckdb.connect()
    for statement in (SETTINGS, *more):
        connection.execute(statement)

    def ask(query: str) -> Rows:
        answer = connection.execute(query)
        names = [column[0] for column in answer.description]
        return [dict(zip(names, row)) for row in answer.fetchall()]

    return ask
