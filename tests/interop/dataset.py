"""Looks at a dataset with other people's readers: pyarrow and DuckDB."""

import os
import re
from collections import Counter
from pathlib import Path
from typing import Any, Iterator

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq

from reference import COLUMNS, PARTITIONS, RESOURCE_MEMBERS

TEXTS = pa.struct([(name, pa.string()) for name in RESOURCE_MEMBERS.values()])
TYPES = {
    "text": pa.string(),
    "json": pa.string(),
    "boolean": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "text_list": pa.list_(pa.field("element", pa.string())),
    "resources": pa.list_(pa.field("element", TEXTS)),
}
DATA_FILE = re.compile(r"date=[a-z0-9-]+/service=[a-z0-9._-]+/region=[a-z0-9._-]+/[^/._][^/]*\.parquet")
SORTED_BY = ["event_time", "event_id"]
# Columns of unbounded text, for which compression is what the files are small by.
PAYLOADS = ["request_parameters", "response_elements"]

READER_ERRORS = (pa.ArrowException, duckdb.Error, OSError)


def data_files(root: Path) -> list[Path]:
    """The data files, found by walking: neither reader is asked."""
    return sorted(path for path in root.rglob("*.parquet") if not path.relative_to(root).parts[0].startswith("_"))


def read_with_pyarrow(root: Path) -> pa.Table:
    """All rows, the partition values as columns beside the others."""
    partitioning = pyarrow.dataset.partitioning(
        pa.schema([(name, pa.string()) for name in PARTITIONS]), flavor="hive"
    )
    return pyarrow.dataset.dataset(root, format="parquet", partitioning=partitioning).to_table()


def no_rows() -> pa.Table:
    """What there is to read where there are no data files, from which pyarrow could tell the columns."""
    columns = [(name, TYPES[column["type"]]) for name, column in COLUMNS.items()]
    return pa.schema([*columns, *((name, pa.string()) for name in PARTITIONS)]).empty_table()


class DuckDB:
    """The same rows through DuckDB, which has its own Parquet reader."""

    def __init__(self, root: Path, union_by_name: bool = False) -> None:
        """By name it reads together what older and newer files have of the columns."""
        self.glob = f"{root}/date=*/**/*.parquet"
        self.options = f"hive_partitioning = true, union_by_name = {str(union_by_name).lower()}"
        # No settings of the user's, and nothing fetched from the network.
        self.connection = duckdb.connect(config={"autoinstall_known_extensions": False})
        self.connection.execute("SET TimeZone = 'UTC'")

    def partitions(self) -> Counter:
        """Rows for each date, service and region."""
        values = ", ".join(f'CAST("{name}" AS VARCHAR)' for name in PARTITIONS)
        rows = self.query(f"SELECT {values}, count(*) FROM dataset GROUP BY ALL").fetchall()
        return Counter({tuple(row[:-1]): row[-1] for row in rows})

    def read(self) -> pa.Table:
        """All rows, without the partition values."""
        return self.query("SELECT {} FROM dataset".format(", ".join(f'"{name}"' for name in COLUMNS))).to_arrow_table()

    def query(self, sql: str) -> duckdb.DuckDBPyRelation:
        """The answer to a query over `dataset`."""
        view = f"WITH dataset AS (SELECT * FROM read_parquet(?, {self.options}))"
        return self.connection.sql(f"{view} {sql}", params=[self.glob])


def partitions(table: pa.Table) -> Counter:
    """Rows for each date, service and region of what pyarrow read."""
    return Counter(zip(*(table[name].to_pylist() for name in PARTITIONS)))


def rows(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as dictionaries, times as microseconds."""
    for index, column in enumerate(table.schema):
        if pa.types.is_timestamp(column.type):
            micros = table.column(index).cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
            table = table.set_column(index, column.name, micros)
    return table.to_pylist()


def rejects(root: Path) -> list[dict[str, Any]]:
    """What could not be converted, in the order of the objects' names and of the places in them."""
    files = sorted((root / "_trailhouse" / "rejects").glob("*.parquet"))
    found = [reject for path in files for reject in pq.ParquetFile(path).read().to_pylist()]
    return sorted(found, key=lambda reject: (reject["object"], reject["event_index"]))


def other_files(root: Path) -> Iterator[str]:
    """What lies in the dataset and should not: only partitions, and names that readers skip, are due at the top."""
    for directory, _, names in os.walk(root):
        for name in names:
            path = Path(directory, name).relative_to(root)
            if not path.parts[0].startswith("_") and not DATA_FILE.fullmatch(path.as_posix()):
                yield f"{path}: not a data file in date=/service=/region=, nor below a name beginning with _"
    for entry in sorted(root.iterdir()):
        if entry.is_dir() and not entry.name.startswith(("_", "date=")):
            yield f"{entry.name}: neither a date= directory nor a name beginning with _"


def footer_faults(root: Path, path: Path) -> Iterator[str]:
    """How a data file's footer departs from the schema, the order and the compression it should have."""
    file = pq.ParquetFile(path)
    name = path.relative_to(root)
    schema = file.schema_arrow
    if schema.names != list(COLUMNS):
        wrong = sorted(set(schema.names) ^ set(COLUMNS)) or "their order"
        yield f"{name}: columns are not those of schemas/cloudtrail.json: {wrong}"
        return
    for column in schema:
        due = COLUMNS[column.name]
        # As text, for pyarrow takes lists for equal whatever their elements are called.
        if str(column.type) != str(TYPES[due["type"]]) or column.nullable != due["nullable"]:
            yield f"{name}: column {column.name} is {column}, due is {TYPES[due['type']]}, nullable {due['nullable']}"
    for group in map(file.metadata.row_group, range(file.metadata.num_row_groups)):
        yield from (f"{name}: {fault}" for fault in group_faults(group))


def group_faults(group: pq.RowGroupMetaData) -> Iterator[str]:
    """How a row group departs from the order and the compression it should have."""
    columns = {group.column(index).path_in_schema: group.column(index) for index in range(group.num_columns)}
    order = [
        (group.column(column.column_index).path_in_schema, column.descending, column.nulls_first)
        for column in group.sorting_columns
    ]
    if order != [(column, False, False) for column in SORTED_BY]:
        yield f"declares the order {order}, not {SORTED_BY} ascending with nulls last"
    for payload in PAYLOADS:
        column = columns[payload]
        if column.statistics is None or column.statistics.null_count is None:
            yield f"{payload} has no null count"
        elif column.statistics.null_count < column.num_values and column.compression != "ZSTD":
            yield f"{payload} is compressed with {column.compression}, not ZSTD"


def is_sorted(path: Path) -> bool:
    """Whether the rows really lie in the order the footer declares. Texts compare by code points, that is by bytes."""
    # Read as one file: as part of a dataset the directory names would be looked at too.
    table = pq.ParquetFile(path).read(columns=SORTED_BY)
    keys = [
        (row["event_time"] is None, row["event_time"] or 0, row["event_id"] is None, row["event_id"] or "")
        for row in rows(table)
    ]
    return keys == sorted(keys)
