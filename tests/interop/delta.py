"""Reads a dataset as the Delta table it also is, and holds what its log says against its files.

The log is read twice: by the `deltalake` package, and line by line with Python's own JSON reader. The package is built
on the library that trailhouse writes the log with, so its word alone would prove little; but it is what people read
Delta tables with, and unlike the plain reading it goes by checkpoints.
"""

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Iterator
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, QueryBuilder
from deltalake.exceptions import DeltaError

import dataset
import times
from reference import COLUMNS, PARTITIONS, RESOURCE_MEMBERS, SCHEMA

PROTOCOL = (1, 2)
TYPES = {
    "text": "string",
    "json": "string",
    "boolean": "boolean",
    "int32": "integer",
    "int64": "long",
    "timestamp": "timestamp",
    "date": "date",
    "text_list": "array<string>",
    "resources": f"array<struct<{','.join(f'{name}:string' for name in RESOURCE_MEMBERS.values())}>>",
}
# The columns that the log has bounds of.
BOUNDED = [
    "event_time",
    "event_name",
    "recipient_account_id",
    "user_identity_arn",
    "user_identity_account_id",
    "source_ip_address",
    "error_code",
]
# In bytes. Of longer texts the footers hold only the beginnings.
LONG_TEXT = 64
MILLISECOND = 1000
# A row's place in the log objects, which no other row shares.
PLACE = ["source_object", "source_index"]
VERSION = re.compile(r"\d{20}\.json")

READER_ERRORS = (DeltaError,)


@dataclass
class Log:
    """What the lines of the log come to. Protocol and metadata are the latest."""

    versions: list[int] = field(default_factory=list)
    protocol: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    # By path, those of which the latest version consists.
    adds: dict[str, dict[str, Any]] = field(default_factory=dict)
    # All actions with their kinds, version by version.
    history: list[list[tuple[str, Any]]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def begin(self, version: int) -> None:
        """Begins a version."""
        self.versions.append(version)
        self.history.append([])

    def apply(self, kind: str, action: Any) -> None:
        """Takes up one action of the version that was begun last."""
        self.history[-1].append((kind, action))
        if kind == "protocol":
            self.protocol = action
        elif kind == "metaData":
            self.metadata = action
        elif kind in ("add", "remove"):
            path = unquote(action["path"])
            if (path in self.adds) == (kind == "add"):
                self.faults.append(f"{path}: version {self.versions[-1]} has its {kind} out of turn")
            self.adds.pop(path, None)
            if kind == "add":
                self.adds[path] = action


def read_log(root: Path) -> Log:
    """All versions from the first on. Checkpoints only shorten the way, so they are left aside."""
    log = Log()
    for path in sorted((root / "_delta_log").iterdir()):
        if not VERSION.fullmatch(path.name):
            continue
        log.begin(int(path.stem))
        # Not by splitlines(), which parts texts at other characters too.
        for line in filter(None, path.read_text("utf-8").split("\n")):
            for kind, action in json.loads(line).items():
                log.apply(kind, action)
    if log.versions != list(range(len(log.versions))):
        log.faults.append(f"the log's versions are {log.versions}")
    return log


def faults(root: Path, table: pa.Table) -> Iterator[str]:
    """How the Delta table departs from what lies in the directories, and from `table`, the rows pyarrow read there."""
    delta, log = DeltaTable(root), read_log(root)
    yield from log.faults
    if delta.version() != log.versions[-1]:
        yield f"deltalake reads version {delta.version()}, the latest is {log.versions[-1]}"
    yield from declaration_faults(delta, log)
    yield from lying_faults(root, log)
    yield from snapshot_faults(root, delta, log)
    for path, add in log.adds.items():
        if (root / path).is_file():
            yield from (f"{path}: {fault}" for fault in add_faults(root / path, path, add))
    yield from reading_faults(delta, table)
    for path in sorted((root / "_trailhouse" / "intents").rglob("*")):
        yield f"{path.relative_to(root)}: is left over"


# --- what the table is declared to be -------------------------------------------------------------------------------


def declaration_faults(delta: DeltaTable, log: Log) -> Iterator[str]:
    """Every engine can read the table, and sees the columns that are due."""
    reader, writer = PROTOCOL
    if log.protocol != {"minReaderVersion": reader, "minWriterVersion": writer}:
        yield f"the log's protocol is {log.protocol}"
    if tuple(delta.protocol()) != (*PROTOCOL, None, None):
        yield f"deltalake reads the protocol {delta.protocol()}"
    if log.metadata["partitionColumns"] != PARTITIONS or delta.metadata().partition_columns != PARTITIONS:
        yield f"the partition columns are {log.metadata['partitionColumns']}, due are {PARTITIONS}"
    yield from schema_faults("the log", json.loads(log.metadata["schemaString"]))
    yield from schema_faults("deltalake", json.loads(delta.schema().to_json()))


def schema_faults(reader: str, schema: dict[str, Any]) -> Iterator[str]:
    """Columns that have another type or stand elsewhere than in schemas/cloudtrail.json."""
    found = {column["name"]: (type_name(column["type"]), column["nullable"]) for column in schema["fields"]}
    due = {column["name"]: (TYPES[column["type"]], column["nullable"]) for column in SCHEMA["columns"]}
    # Any of them may be, by the protocol; the date of an event without one is.
    due |= {column["name"]: (TYPES[column["type"]], True) for column in SCHEMA["partitions"]}
    names = [column["name"] for column in schema["fields"]]
    if names != list(due):
        yield f"{reader}: columns are not those due: {sorted(set(names) ^ set(due)) or 'their order, or repeated'}"
    for name in found.keys() & due.keys():
        if found[name] != due[name]:
            yield f"{reader}: column {name} is {found[name][0]}, nullable {found[name][1]}, due is {due[name]}"


def type_name(declared: str | dict[str, Any]) -> str:
    """A type of the schema on a line, without what is not compared."""
    if isinstance(declared, str):
        return declared
    if declared["type"] == "array":
        return f"array<{type_name(declared['elementType'])}>"
    members = (f"{member['name']}:{type_name(member['type'])}" for member in declared.get("fields", []))
    return f"{declared['type']}<{','.join(members)}>"


# --- which files it consists of -------------------------------------------------------------------------------------


def lying_faults(root: Path, log: Log) -> Iterator[str]:
    """The table consists of the files that lie there."""
    lying = {path.relative_to(root).as_posix() for path in dataset.data_files(root)}
    for path in sorted(lying ^ log.adds.keys()):
        yield f"{path}: {'is not in the table' if path in lying else 'is in the table, but not there'}"


def snapshot_faults(root: Path, delta: DeltaTable, log: Log) -> Iterator[str]:
    """deltalake takes the same files for the table as the log's lines do, and reads of each what its line says."""
    actions = {row.pop("path"): row for row in dataset.rows(pa.table(delta.get_add_actions(flatten=True)))}
    if {Path(uri).resolve() for uri in delta.file_uris()} != {(root / path).resolve() for path in actions}:
        yield "deltalake names other files than it describes"
    for path in sorted(actions.keys() ^ log.adds.keys()):
        yield f"{path}: {'is in no line of the log' if path in actions else 'is in the log, but not to deltalake'}"
    for path in sorted(actions.keys() & log.adds.keys()):
        found, due = actions[path], flattened(log.adds[path])
        wrong = [name for name in sorted(found.keys() | due) if plain(found.get(name)) != due.get(name)]
        if wrong:
            yield f"{path}: deltalake reads other values than the log has: {', '.join(wrong)}"


def flattened(add: dict[str, Any]) -> dict[str, Any]:
    """An add action by the names that deltalake gives its parts."""
    statistics = json.loads(add["stats"])
    flat = {"size_bytes": add["size"], "modification_time": add["modificationTime"]}
    flat["num_records"] = statistics["numRecords"]
    flat |= {f"partition.{name}": value for name, value in add["partitionValues"].items()}
    flat |= {f"null_count.{name}": count for name, count in statistics["nullCount"].items()}
    for bound, key in [("min", "minValues"), ("max", "maxValues")]:
        for name, value in statistics[key].items():
            is_time = COLUMNS[name]["type"] == "timestamp"
            flat[f"{bound}.{name}"] = times.read_time(value) if is_time else value
    return flat


def plain(value: Any) -> Any:
    """A value as the log writes it: dates are text there."""
    return value.isoformat() if isinstance(value, date) else value


# --- what the log says of a file ------------------------------------------------------------------------------------


def add_faults(file: Path, path: str, add: dict[str, Any]) -> Iterator[str]:
    """How an add action departs from its file. `path` is that below the dataset."""
    if add["size"] != file.stat().st_size:
        yield f"its size in the log is {add['size']}, it has {file.stat().st_size}"
    values = dict(part.split("=", 1) for part in path.split("/")[:-1])
    if values["date"] == "unknown":
        values["date"] = None
    if add["partitionValues"] != values:
        yield f"its partition in the log is {add['partitionValues']}"
    statistics, footer = json.loads(add["stats"]), pq.read_metadata(file)
    if statistics["numRecords"] != footer.num_rows:
        yield f"its rows in the log are {statistics['numRecords']}, in the footer {footer.num_rows}"
    if statistics["nullCount"].keys() != set(BOUNDED):
        yield f"the log counts the nulls of {sorted(statistics['nullCount'])}, due are those of {sorted(BOUNDED)}"
    yield from statistics_faults(file, statistics)


def statistics_faults(file: Path, statistics: dict[str, Any]) -> Iterator[str]:
    """How the log's statistics depart from the file's values."""
    nulls, least, most = (statistics[name] for name in ["nullCount", "minValues", "maxValues"])
    names = sorted(nulls.keys() | least.keys() | most.keys())
    rows = dataset.rows(pq.ParquetFile(file).read(columns=names))
    for name in names:
        values = [row[name] for row in rows if row[name] is not None]
        if name in nulls and nulls[name] != len(rows) - len(values):
            yield f"column {name} has {len(rows) - len(values)} nulls, in the log {nulls[name]}"
        bounds = (least.get(name), most.get(name))
        yield from (f"column {name} {fault}" for fault in bounds_faults(name, values, bounds))


def bounds_faults(name: str, values: list[Any], bounds: tuple[str | None, str | None]) -> Iterator[str]:
    """How the least and the greatest value in the log depart from a column's values."""
    if not values:
        if bounds != (None, None):
            yield "has no values, but bounds in the log"
    elif None in bounds:
        if not any(is_long(value) or is_beyond(value) for value in values):
            yield "has values, but not both bounds in the log"
    elif COLUMNS[name]["type"] == "timestamp":
        yield from time_faults(values, *map(times.read_time, bounds))
    else:
        yield from text_faults(values, *bounds)


def time_faults(values: list[int], least: int | None, most: int | None) -> Iterator[str]:
    """Bounds of times end at milliseconds, so they may be wider than the times, but by less than one."""
    if least is None or most is None:
        yield "has bounds in the log that are no times"
        return
    if not least <= min(values) < least + MILLISECOND:
        yield "has another least value than in the log"
    if not most - MILLISECOND < max(values) <= most:
        yield "has another greatest value than in the log"


def text_faults(values: list[str], least: str, most: str) -> Iterator[str]:
    """Texts compare by their bytes. The bounds are they themselves, but what stands for a long one may be cut."""
    low, high = least.encode("utf-8"), most.encode("utf-8")
    texts = [value.encode("utf-8") for value in values]
    first, last = min(texts), max(texts)
    if low != first and not (is_long(first) and first.startswith(low)):
        yield "has another least value than in the log"
    if high != last and not (is_long(last) and high > last):
        yield "has another greatest value than in the log"


def is_beyond(value: Any) -> bool:
    """Whether a time lies so late that rounding it up to a millisecond, as the log must, gives a year no reader knows."""
    return isinstance(value, int) and value > 253_402_300_799_999_000


def is_long(value: Any) -> bool:
    """Whether a value is a text, or its bytes, that is cut in statistics."""
    content = value.encode("utf-8") if isinstance(value, str) else value
    return isinstance(content, bytes) and len(content) > LONG_TEXT


# --- its rows -------------------------------------------------------------------------------------------------------


def reading_faults(delta: DeltaTable, table: pa.Table) -> Iterator[str]:
    """How the rows of a version depart from `table`, those that pyarrow read in the directories.

    deltalake reads in two ways: pyarrow reads the files that the log names, with the log's values for the partition
    columns and its bounds for true; and DataFusion, a query engine, reads them with its own Parquet reader.
    """
    yield from rows_faults("deltalake with pyarrow", delta.to_pyarrow_table(), table)
    yield from rows_faults("deltalake with DataFusion", read(delta), table)


def read(delta: DeltaTable) -> pa.Table:
    """All rows of a version, by the log's values for the partition columns and DataFusion's reading of the files."""
    return pa.table(QueryBuilder().register("events", delta).execute("SELECT * FROM events"))


def rows_faults(reader: str, found: pa.Table, table: pa.Table) -> Iterator[str]:
    """How one reader's rows depart from those that are due. Rows are paired by their places, whatever their order."""
    if found.column_names != [*COLUMNS, *PARTITIONS]:
        yield f"{reader}: columns are not those due, or not in their order"
        return
    if found.schema.field("date").type != pa.date32():
        yield f"{reader}: date is {found.schema.field('date').type}"
        return
    found, due = in_order(found, table.schema), in_order(as_delta(table), table.schema)
    if found.num_rows != due.num_rows or found.select(PLACE) != due.select(PLACE):
        yield from (f"{reader}: {fault}" for fault in places_faults(places(found), places(due)))
        return
    for name in found.column_names:
        if found[name] != due[name]:
            yield f"{reader}: column {name} has other values than in the directories"


def places(table: pa.Table) -> Counter:
    """How many rows each place has."""
    return Counter(zip(*(table[name].to_pylist() for name in PLACE)))


def places_faults(found: Counter, due: Counter) -> Iterator[str]:
    """Which rows are missing, and which are too many."""
    for place in sorted(found.keys() | due.keys()):
        if found[place] != due[place]:
            yield f"{place[0]}, event {place[1]}: has {found[place]} rows, in the directories {due[place]}"


def in_order(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """By place, with the types of another table. Only how a text is held in memory may differ; dates stay dates."""
    for index, name in enumerate(table.column_names):
        if name != "date":
            table = table.set_column(index, name, table[name].cast(schema.field(name).type))
    return table.sort_by([(name, "ascending") for name in PLACE])


def as_delta(table: pa.Table) -> pa.Table:
    """Rows from the directories, with the date as Delta has it: none where the directory says `unknown`."""
    text = table["date"]
    dates = pc.if_else(pc.equal(text, "unknown"), pa.scalar(None, pa.string()), text).cast(pa.date32())
    return table.set_column(table.column_names.index("date"), "date", dates)
