"""ClickHouse, embedded as chdb: the table function file() over the Hive directories.

* `use_hive_partitioning` makes columns of the directories' names, and conditions on them choose files.
* Row groups and pages are left out by statistics, bloom filters and dictionaries, and conditions are evaluated before
  other columns are read. All this is on by default in this version; it is said here so that it stays so.
* Payloads are taken apart by JSONExtract, which ClickHouse recommends over JSON_VALUE where paths are known.
"""

import json

from engines import Ask, Rows, glob
from engines import sql_literal as literal

__all__ = ["literal", "open", "table"]

SETTINGS = (
    "use_hive_partitioning = 1",
    "input_format_parquet_filter_push_down = 1",
    "input_format_parquet_bloom_filter_push_down = 1",
    "input_format_parquet_page_filter_push_down = 1",
    "use_parquet_metadata_cache = 1",
    "optimize_move_to_prewhere = 1",
    "date_time_output_format = 'iso'",
    "output_format_json_quote_64bit_integers = 0",
)


def table(dataset: str) -> str:
    return f"file('{glob(dataset)}', Parquet)"


def open(_: str) -> Ask:
    from chdb.session import Session

    session = Session()
    session.query("SET " + ", ".join(SETTINGS))

    def ask(query: str) -> Rows:
        return [json.loads(line) for line in str(session.query(query, "JSONEachRow")).splitlines()]

    return ask
