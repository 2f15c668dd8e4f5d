"""Polars.

* `scan_ndjson` with a schema, an object being one line, and the streaming engine, which takes half as long as the
  other to read the same.
* `sink_parquet` to PartitionBy, which writes partitions while it reads. Collecting first and `write_parquet` with
  `partition_by` takes nearly twice as long, sorting by partition first a little longer.
* Statistics are written, as they are by default and by all others; without them it is no faster.

`json_decode` of an object's text is no alternative: it refuses to read objects into strings, as payloads need.

Numbers in payloads are not kept as they were written: 500.0 becomes 500, and fractions of many digits are rounded. Nor
are blanks and escapes.
"""

from typing import Any

import polars as pl

from fields import BOOLEAN, JSON, TEXT, TIME, ListOf, documented
from peers.task import run

TYPES = {TEXT: pl.String, TIME: pl.String, BOOLEAN: pl.Boolean, JSON: pl.String}


def convert(source: str, target: str) -> None:
    objects = pl.scan_ndjson(f"{source}/**/*.json.gz", schema={"Records": pl.List(type_of(documented()))})
    event_source = pl.coalesce("eventSource", pl.col("insightDetails").str.json_path_match("$.eventSource"))
    events = (
        objects.explode("Records")
        .unnest("Records")
        .with_columns(
            pl.col("eventTime").str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
            date=pl.col("eventTime").str.head(10),
            service=event_source.str.strip_suffix(".amazonaws.com"),
            region="awsRegion",
        )
    )
    partitions = pl.PartitionBy(target, key=["date", "service", "region"], include_key=False)
    events.sink_parquet(partitions, compression="zstd", mkdir=True)


def type_of(kind: Any) -> Any:
    if isinstance(kind, dict):
        return pl.Struct({name: type_of(member) for name, member in kind.items()})
    return pl.List(type_of(kind.members)) if isinstance(kind, ListOf) else TYPES[kind]


if __name__ == "__main__":
    run(convert)
