"""ClickHouse, embedded as chdb.

* An object is one row of JSONEachRow with the array `Records`, whose structure is given; payloads, being objects, are
  read into strings as they are. JSONAsString with JSONExtract, of all or of each event, reads half as fast.
* PARTITION BY an expression that is the path itself: the text of a partition may hold slashes in `file()`, so that
  the files lie in Hive directories.
* All partitions may be open at once (`max_partitions_per_insert_block`).

Tried, and no faster: encoding without threads (`output_format_parquet_parallel_encoding`; a tenth less work), no bloom
filters, no page indexes, larger and smaller blocks (`min_insert_block_size_rows`, `max_block_size`), sorting by
partition first, parsing without threads (`input_format_parallel_parsing`).

Payloads keep their text byte for byte. A payload that is a string loses its quotes, a struct that is absent becomes one
of NULLs, a list an empty one.
"""

from typing import Any

import chdb

from fields import BOOLEAN, JSON, TEXT, TIME, ListOf, documented
from peers.task import run

TYPES = {TEXT: "Nullable(String)", TIME: r"Nullable(DateTime64(6, \'UTC\'))", BOOLEAN: "Nullable(Bool)"}
TYPES[JSON] = TYPES[TEXT]
SETTINGS = """
    input_format_json_read_objects_as_strings = 1,
    input_format_json_defaults_for_missing_elements_in_named_tuple = 1,
    input_format_json_ignore_unknown_keys_in_named_tuple = 1,
    date_time_input_format = 'best_effort',
    max_partitions_per_insert_block = 0,
    output_format_parquet_compression_method = 'zstd'
"""


def convert(source: str, target: str) -> None:
    fields = documented()
    columns = ", ".join(f"event.{name} AS {name}" for name in fields)
    chdb.query(f"""
        INSERT INTO FUNCTION file('{target}/{{_partition_id}}/data.parquet', Parquet)
        PARTITION BY concat(
            'date=', toString(toDate(eventTime)),
            '/service=', replaceOne(
                coalesce(eventSource, JSONExtractString(insightDetails, 'eventSource')), '.amazonaws.com', ''
            ),
            '/region=', awsRegion
        )
        SELECT {columns}
        FROM (
            SELECT arrayJoin(Records) AS event
            FROM file('{source}/**/*.json.gz', JSONEachRow, 'Records Array({structure_of(fields)})')
        )
        SETTINGS {SETTINGS}
    """)


def structure_of(kind: Any) -> str:
    """The type, as it stands within a string of SQL."""
    if isinstance(kind, dict):
        return f"Tuple({', '.join(f'{name} {structure_of(member)}' for name, member in kind.items())})"
    return f"Array({structure_of(kind.members)})" if isinstance(kind, ListOf) else TYPES[kind]


if __name__ == "__main__":
    run(convert)
