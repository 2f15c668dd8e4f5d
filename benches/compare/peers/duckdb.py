"""DuckDB.

* An object is read as one JSON value and taken apart by `from_json`. That reads ten times as fast as `read_json` with
  the same types as `columns`, whether its `format` is `unstructured` or `newline_delimited`, and as `read_json` of
  `JSON[]` with `from_json` for each event: lists of so many structs are slow there.
* All types are given, so that nothing is inferred and nothing read twice.
* `preserve_insertion_order` is off, which lets threads write as they are done.

Most of the rest is what each file costs. Tried, and no faster: sorting by partition first, more files open at once
(`partitioned_write_max_open_files`), no bloom filters (`WRITE_BLOOM_FILTER`), smaller dictionaries
(`DICTIONARY_SIZE_LIMIT`, `STRING_DICTIONARY_PAGE_SIZE_LIMIT`), smaller row groups, `PARQUET_VERSION V2`, and
`COMPRESSION_LEVEL 1`.

Numbers in payloads are not kept as they were written: 1E-5 becomes 0.00001, and fractions of many digits are rounded.
Nor are blanks and escapes.
"""

import json
from typing import Any

import duckdb

from fields import BOOLEAN, JSON, TEXT, TIME, ListOf, documented
from peers.task import run

TYPES = {TEXT: "VARCHAR", TIME: "TIMESTAMP", BOOLEAN: "BOOLEAN", JSON: "JSON"}


def convert(source: str, target: str) -> None:
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false")
    structure = json.dumps({"Records": [structure_of(documented())]})
    connection.execute(f"""
        COPY (
            SELECT event.*,
                CAST(event.eventTime AS DATE) AS date,
                replace(
                    coalesce(event.eventSource, event.insightDetails->>'eventSource'), '.amazonaws.com', ''
                ) AS service,
                event.awsRegion AS region
            FROM (
                SELECT unnest(from_json(json, '{structure}').Records) AS event
                FROM read_json_objects('{source}/**/*.json.gz', format = 'unstructured')
            )
        ) TO '{target}' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (date, service, region))
    """)


def structure_of(kind: Any) -> Any:
    """The types as `from_json` takes them."""
    if isinstance(kind, dict):
        return {name: structure_of(member) for name, member in kind.items()}
    return [structure_of(kind.members)] if isinstance(kind, ListOf) else TYPES[kind]


if __name__ == "__main__":
    run(convert)
