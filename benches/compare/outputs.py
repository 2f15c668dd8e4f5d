"""Looks at what a system has written, with pyarrow: by the footers, and by values where footers do not tell."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from errors import Failed
from expected import Expected
from fields import ListOf, columns, documented

# What writers put between a list and its entries.
LIST_LEVELS = {"list", "element", "item", "array"}
# Writers may leave alone what is too small to become smaller.
CODECS = {"ZSTD", "UNCOMPRESSED"}
SHOWN = 5


@dataclass
class Output:
    """What lies in a directory."""

    files: int = 0
    data_bytes: int = 0
    # With all that is not data: logs, checksums, marks.
    all_bytes: int = 0
    rows: "Counter[str]" = field(default_factory=Counter)
    values: "Counter[str]" = field(default_factory=Counter)
    codecs: "set[str]" = field(default_factory=set)


def look(target: Path) -> Output:
    """What is in a directory."""
    output = Output()
    output.all_bytes = sum(path.stat().st_size for path in target.rglob("*") if path.is_file())
    for path in data_files(target):
        output.files += 1
        output.data_bytes += path.stat().st_size
        add_file(output, path, path.parent.relative_to(target).as_posix())
    return output


def data_files(target: Path) -> "list[Path]":
    """The Parquet files. Directories that begin with `_` hold no data, for all readers."""
    found = sorted(target.rglob("*.parquet"))
    return [path for path in found if not path.relative_to(target).parts[0].startswith("_")]


def add_file(output: Output, path: Path, partition: str) -> None:
    file = pq.ParquetFile(path)
    output.rows[partition] += file.metadata.num_rows
    for number in range(file.metadata.num_row_groups):
        group = file.metadata.row_group(number)
        for index in range(group.num_columns):
            chunk = group.column(index)
            output.codecs.add(chunk.compression)
            output.values[field_of(chunk.path_in_schema)] += values_in(file, number, chunk)


def values_in(file: pq.ParquetFile, group: int, chunk: pq.ColumnChunkMetaData) -> int:
    """How many values of a column are not null."""
    if chunk.statistics is not None and chunk.statistics.has_null_count:
        return chunk.num_values - chunk.statistics.null_count
    column = file.read_row_group(group, columns=[chunk.path_in_schema]).column(0).combine_chunks()
    while pa.types.is_nested(column.type):
        column = column.flatten()[0] if pa.types.is_struct(column.type) else column.flatten()
    return len(column) - column.null_count


def field_of(path: str) -> str:
    """The field that a column holds: peers keep CloudTrail's names, trailhouse has names of its own."""
    name = ".".join(part for part in path.split(".") if part not in LIST_LEVELS)
    return TRAILHOUSE_FIELDS.get(name, name)


def trailhouse_fields() -> "dict[str, str]":
    """The fields by trailhouse's columns."""
    fields = {column["name"]: column["path"] for column in columns()}
    resources = documented()["resources"]
    assert isinstance(resources, ListOf)
    names = {"ARN": "arn", "ARNPrefix": "arn_prefix", "accountId": "account_id"}
    fields.update({f"resources.{names.get(name, name)}": f"resources.{name}" for name in resources.members})
    return fields


TRAILHOUSE_FIELDS = trailhouse_fields()


def check(output: Output, expected: Expected) -> None:
    """Fails unless each partition has its rows, and everything is compressed alike."""
    partitions = sorted(output.rows.keys() | expected.rows.keys())
    wrong = [name for name in partitions if output.rows.get(name, 0) != expected.rows.get(name, 0)]
    if wrong:
        first = [f"{name}: {output.rows.get(name, 0)} for {expected.rows.get(name, 0)}" for name in wrong[:SHOWN]]
        raise Failed(
            f"{len(wrong)} of {len(partitions)} partitions have other rows than the log objects: {', '.join(first)}"
        )
    if "ZSTD" not in output.codecs or output.codecs - CODECS:
        raise Failed(f"columns are compressed with {', '.join(sorted(output.codecs))}, not with ZSTD alone")


def lacking(output: Output, expected: Expected) -> "dict[str, int]":
    """How many values of each field were lost."""
    lost = {name: due - output.values.get(name, 0) for name, due in expected.values.items()}
    return {name: count for name, count in lost.items() if count > 0}
