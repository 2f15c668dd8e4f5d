"""Python itself, as a script would do it: orjson reads, pyarrow writes, with a process for each core.

pyarrow's own JSON reader wants an event on each line, which log objects have not. Each process converts a share of the
objects and writes them in one go: a file for each partition and process.

Payloads are printed anew, so their numbers, blanks and escapes are not kept as they were written.
"""

import gzip
import multiprocessing
import os
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.dataset as ds

from fields import BOOLEAN, JSON, TEXT, TIME, ListOf, documented
from peers.task import run

TYPES = {TEXT: pa.string(), TIME: pa.string(), BOOLEAN: pa.bool_(), JSON: pa.string()}
PARTITION = pa.schema([("date", pa.string()), ("service", pa.string()), ("region", pa.string())])
# More than there are of either, so that no file is closed before all is written, and each has one row group.
MOST_PARTITIONS = 10_000
ROWS_PER_GROUP = 1 << 20


def convert(source: str, target: str) -> None:
    objects = sorted(Path(source).rglob("*.json.gz"))
    workers = min(os.cpu_count() or 1, len(objects))
    shares = [(number, objects[number::workers], target) for number in range(workers)]
    # Started afresh, not forked: pages that are shared would count more than once.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        pool.starmap(convert_share, shares)


def convert_share(number: int, objects: "list[Path]", target: str) -> None:
    tree = documented()
    ds.write_dataset(
        pa.concat_tables(table(path, tree) for path in objects),
        target,
        format="parquet",
        file_options=ds.ParquetFileFormat().make_write_options(compression="zstd"),
        partitioning=ds.partitioning(PARTITION, flavor="hive"),
        basename_template=f"part-{number}-{{i}}.parquet",
        existing_data_behavior="overwrite_or_ignore",
        max_partitions=MOST_PARTITIONS,
        max_open_files=MOST_PARTITIONS,
        min_rows_per_group=ROWS_PER_GROUP,
        max_rows_per_group=ROWS_PER_GROUP,
    )


def table(path: Path, tree: "dict[str, Any]") -> pa.Table:
    """The events of an object. What is not in the schema, pyarrow leaves out."""
    with gzip.open(path) as log:
        events = orjson.loads(log.read())["Records"]
    services = [service(event) for event in events]
    for event in events:
        print_payloads(event, tree)
    rows = pa.Table.from_struct_array(pa.array(events, type=type_of(tree)))
    times = rows["eventTime"]
    rows = rows.set_column(rows.column_names.index("eventTime"), "eventTime", times.cast(pa.timestamp("us", tz="UTC")))
    rows = rows.append_column("date", pa.compute.utf8_slice_codeunits(times, 0, 10))
    return rows.append_column("service", pa.array(services)).append_column("region", rows["awsRegion"])


def service(event: "dict[str, Any]") -> str:
    source = event.get("eventSource") or event["insightDetails"]["eventSource"]
    return source.removesuffix(".amazonaws.com")


def print_payloads(members: "dict[str, Any]", tree: "dict[str, Any]") -> None:
    """Puts the text of each payload in its place."""
    for name, value in members.items():
        kind = tree.get(name)
        if kind == JSON and value is not None:
            members[name] = orjson.dumps(value).decode()
        elif isinstance(kind, dict) and value is not None:
            print_payloads(value, kind)


def type_of(kind: Any) -> pa.DataType:
    if isinstance(kind, dict):
        return pa.struct([(name, type_of(member)) for name, member in kind.items()])
    return pa.list_(type_of(kind.members)) if isinstance(kind, ListOf) else TYPES[kind]


if __name__ == "__main__":
    run(convert)
