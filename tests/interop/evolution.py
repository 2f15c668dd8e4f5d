#!/usr/bin/env python3
"""Checks that a dataset lives on when the table gets columns: one older than the program, and one that is newer.

    evolution.py --trailhouse FILE SOURCE...

Makes of half of the logs a dataset as a trailhouse would have written it that did not know two of the columns: what
they hold lies in `extra`, as all does that has no column. Then adds the other half with the program, and compares rows
and exported events with those of a dataset that had all columns from the first. The other way round, a column is put
into the log that the program does not know.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

import dataset
import delta
import roundtrip
import upkeep
from check import Differences
from jsontext import DECODER
from logs import log_objects, read, records
from maintenance import compaction_faults, new_file_faults, vacuum
from reference import COLUMNS
from upkeep import Keeper, with_all_columns

# A text and a list, by the names they have in events.
YOUNG = {"vpc_endpoint_account_id": "vpcEndpointAccountId", "resources": "resources"}
OLDER_SCHEMA = b"0"
SCHEMA_KEY = b"trailhouse.schema"
UNKNOWN = {"name": "tomorrow", "type": "string", "nullable": True, "metadata": {}}

Place = tuple[str, int]


# --- a dataset as it was --------------------------------------------------------------------------------------------


def make_older(keeper: Keeper, events: dict[Place, dict[str, Any]]) -> None:
    """Makes of a dataset what it would be if two of the columns had not been known, nor checksums."""
    for path in dataset.data_files(keeper.root):
        write_older(path, events)
    for path in sorted((keeper.root / "_delta_log").iterdir()):
        if not delta.VERSION.fullmatch(path.name):
            raise ValueError(f"{path.name}: is no version, and nothing that could be made older")
        lines = [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]
        for line in lines:
            for kind, action in line.items():
                older_action(keeper.root, kind, action)
        path.write_text("\n".join(map(json.dumps, lines)), "utf-8")


def write_older(path: Path, events: dict[Place, dict[str, Any]]) -> None:
    """Puts a data file without the two columns in place of one with them."""
    file = pq.ParquetFile(path)
    table, metadata = file.read(), file.metadata.metadata
    extra = [older_extra(row, events) for row in table.select([*delta.PLACE, "extra", *YOUNG]).to_pylist()]
    table = table.set_column(table.column_names.index("extra"), "extra", pa.array(extra, pa.string()))
    table = table.drop_columns([*YOUNG])
    pairs = {key: value for key, value in metadata.items() if key != b"ARROW:schema"}
    order = [(name, "ascending") for name in dataset.SORTED_BY]
    sorting = pq.SortingColumn.from_ordering(table.schema, order, "at_end")
    table = table.replace_schema_metadata(pairs | {SCHEMA_KEY: OLDER_SCHEMA})
    pq.write_table(table, path, compression="zstd", sorting_columns=sorting)


def older_extra(row: dict[str, Any], events: dict[Place, dict[str, Any]]) -> str | None:
    """What `extra` holds if the two columns are not there."""
    event = events[tuple(row[name] for name in delta.PLACE)]
    held = {key: event[key] for name, key in YOUNG.items() if row[name] is not None}
    known = json.loads(row["extra"] or "{}")
    if held.keys() & known.keys():
        raise ValueError("an event has some of a column's value in extra already")
    return json.dumps(known | held) if held else row["extra"]


def older_action(root: Path, kind: str, action: dict[str, Any]) -> None:
    """Changes an action of the log into that of an older trailhouse."""
    if kind == "metaData":
        schema = json.loads(action["schemaString"])
        schema["fields"] = [field for field in schema["fields"] if field["name"] not in YOUNG]
        action["schemaString"] = json.dumps(schema)
    if kind == "add":
        action["size"] = (root / action["path"]).stat().st_size
        del action["tags"]


# --- its rows -------------------------------------------------------------------------------------------------------


def places(table: pa.Table) -> pa.Array:
    """Each row's place as one text, to tell the rows of one table from those of another."""
    index = pc.cast(table["source_index"], pa.string())
    return pc.binary_join_element_wise(table["source_object"], index, "\n").combine_chunks()


def rows_due(older: pa.Table, whole: pa.Table) -> pa.Table:
    """Rows of an older dataset as they were, and of `whole` those that came since."""
    older = with_all_columns(older)
    is_older = pc.is_in(places(whole), value_set=places(older))
    newer = whole.filter(pc.invert(is_older)).select(older.column_names)
    return pa.concat_tables([older, newer])


def check_rows(keeper: Keeper, step: str, due: pa.Table) -> None:
    """deltalake, DuckDB and the program read these rows, by whichever columns the files have."""
    for reader, found in [
        ("deltalake with pyarrow", keeper.delta().to_pyarrow_table()),
        ("deltalake with DataFusion", delta.read(keeper.delta())),
    ]:
        keeper.expect(step, f"columns to {reader}", sorted(found.column_names), sorted(due.column_names))
        keeper.note(step, delta.rows_faults(reader, found.select(due.column_names), due))
    check_query(keeper, step, due)


def check_directories(keeper: Keeper, step: str, due: pa.Table) -> None:
    """DuckDB reads these rows in the directories, if it goes by the columns' names."""
    found = dataset.DuckDB(keeper.root, union_by_name=True).read()
    order = [(name, "ascending") for name in delta.PLACE]
    due, found = due.select([*COLUMNS]).sort_by(order), found.sort_by(order)
    keeper.expect(step, "rows to DuckDB", found.num_rows, due.num_rows)
    for name in COLUMNS:
        if dataset.rows(found.select([name])) != dataset.rows(due.select([name])):
            keeper.differences.add(f"{step}: column {name} has other values to DuckDB")


def check_query(keeper: Keeper, step: str, due: pa.Table) -> None:
    """The program finds the columns, whichever files have them."""
    names = [*delta.PLACE, *YOUNG]
    found = keeper.query(f"SELECT {', '.join(names)} FROM events")
    found = {tuple(row.get(name) for name in delta.PLACE): without_nulls(row) for row in found}
    rows = due.select(names).to_pylist()
    due_rows = {tuple(row[name] for name in delta.PLACE): without_nulls(row) for row in rows}
    keeper.expect(step, "rows by query", len(found), len(due_rows))
    wrong = [place for place in due_rows if found.get(place) != due_rows[place]]
    keeper.expect(step, f"rows of which query gives other values for {', '.join(YOUNG)}", len(wrong), 0)
    for name in YOUNG:
        (count,) = keeper.query(f"SELECT count(*) AS rows FROM events WHERE {name} IS NOT NULL")
        keeper.expect(step, f"rows with {name} by query", count["rows"], len(due) - due[name].null_count)


def without_nulls(value: Any) -> Any:
    """JSON that is written by row leaves out what is NULL."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    return [without_nulls(member) for member in value] if isinstance(value, list) else value


def exported(keeper: Keeper) -> list[Any]:
    """The events that come out again."""
    lines = keeper.run("export", "--to", "-", "--format", "ndjson").stdout.split("\n")
    return [DECODER.decode(line) for line in lines if line]


def check_exported(keeper: Keeper, step: str, due: list[Any]) -> None:
    """Every event comes out as it was."""
    differences = roundtrip.Differences()
    roundtrip.compare_bags(differences, due, exported(keeper))
    keeper.note(f"{step}, export", differences)


# --- one that is older than the program -----------------------------------------------------------------------------


def check_evolved(keeper: Keeper, before: delta.Log) -> None:
    """The log names the new columns once, behind those that it had, and is otherwise what it was."""
    step, log = "convert onto the older dataset", keeper.log()
    actions = [action for version in log.history[len(before.versions) :] for action in version]
    metadata = [action for kind, action in actions if kind == "metaData"]
    keeper.expect(step, "metaData actions", len(metadata), 1)
    keeper.expect(step, "protocol actions", sum(kind == "protocol" for kind, _ in actions), 0)
    for name in before.metadata.keys() | log.metadata.keys():
        if name != "schemaString":
            keeper.expect(step, f"the table's {name}", log.metadata.get(name), before.metadata.get(name))
    was, fields = (json.loads(one.metadata["schemaString"])["fields"] for one in (before, log))
    keeper.expect(step, "new columns", sorted(field["name"] for field in fields[len(was) :]), sorted(YOUNG))
    if fields[: len(was)] != was:
        keeper.differences.add(f"{step}: the columns that there were are not as they were")
    for field in fields[len(was) :]:
        due = delta.TYPES[COLUMNS[field["name"]]["type"]]
        keeper.expect(step, field["name"], (delta.type_name(field["type"]), field["nullable"]), (due, True))


def check_mixed(keeper: Keeper, older: set[str]) -> int:
    """Some partitions have older and newer files, for compact to bring together. Returns how many."""
    partitions = [{Path(path).parent for path in paths} for paths in (older, keeper.log().adds.keys() - older)]
    both = partitions[0] & partitions[1]
    if not both:
        keeper.differences.add("no partition has both older and newer files, so how they come together is not checked")
    return len(both)


def check_older(keeper: Keeper, whole: Keeper, sources: list[str], half: list[str]) -> str:
    """An older dataset is read, added to, exported and brought together like any other. Returns what was compared."""
    keeper.convert(half)
    events_before = exported(keeper)
    events = {(record.object, record.index): record.value for record in records(read(half)) if record.is_event}
    make_older(keeper, events)
    step, before, older = "the older dataset", keeper.log(), dataset.read_with_pyarrow(keeper.root)
    due = with_all_columns(older)
    keeper.expect_log(step)
    keeper.expect_clean(step)
    check_query(keeper, step, due)
    check_exported(keeper, step, events_before)

    step, older_files = "convert onto the older dataset", set(before.adds)
    keeper.convert(sources)
    due = rows_due(older, dataset.read_with_pyarrow(whole.root))
    mixed = check_mixed(keeper, older_files)
    check_evolved(keeper, before)
    keeper.expect_log(step)
    check_rows(keeper, step, due)
    check_directories(keeper, step, due)
    check_exported(keeper, step, exported(whole))
    keeper.expect_clean(step)
    again = keeper.convert(sources, "--reprocess")
    keeper.expect(f"{step}, --reprocess", "events written", again["events"]["written"], 0)

    step, before = "compact of older and newer files", keeper.log()
    report = keeper.report("compact")
    after = keeper.log()
    keeper.note(step, compaction_faults(before, after, report))
    keeper.note(step, new_file_faults(keeper.root, before, after))
    keeper.expect_log(step)
    check_rows(keeper, step, due)
    check_exported(keeper, step, exported(whole))
    keeper.expect_clean(step)

    step = "vacuum of older files"
    vacuum(keeper, step, "--retention", "0s", "--force")
    check_rows(keeper, step, due)
    check_directories(keeper, step, due)
    keeper.expect_clean(step)
    return f"{len(older)} older and {len(due) - len(older)} newer rows, {mixed} partitions with both"


# --- one that is newer than the program -----------------------------------------------------------------------------


def check_newer(keeper: Keeper, sources: list[str], half: list[str], due: pa.Table) -> None:
    """A column of a newer program stays in the log; what would lose its values is refused."""
    keeper.convert(half)
    metadata = keeper.log().metadata
    schema = json.loads(metadata["schemaString"])
    schema["fields"].append(UNKNOWN)
    upkeep.commit(keeper, "ADD COLUMN", [("metaData", metadata | {"schemaString": json.dumps(schema)})])
    metadata = keeper.log().metadata
    keeper.expect_clean("a column more")

    step = "convert onto a newer dataset"
    report = keeper.convert(sources)
    if not report["events"]["written"]:
        keeper.differences.add(f"{step}: nothing was written")
    keeper.expect(step, "the table's description", keeper.log().metadata == metadata, True)
    keeper.expect_log(step)
    found = delta.read(keeper.delta())
    keeper.expect(step, f"nulls of {UNKNOWN['name']}", found[UNKNOWN["name"]].null_count, found.num_rows)
    keeper.note(step, delta.rows_faults("deltalake", found.drop_columns([UNKNOWN["name"]]), due))
    check_query(keeper, step, due)
    keeper.expect_clean(step)

    for flags in [(), ("--dry-run",)]:
        step, stored = " ".join(["compact of a newer dataset", *flags]), keeper.stored()
        refusal = keeper.run("compact", *flags, code=1).stderr
        if UNKNOWN["name"] not in refusal:
            keeper.differences.add(f"{step}: the refusal does not name the column")
        keeper.expect_stored(step, stored)
    vacuum(keeper, "vacuum of a newer dataset")
    keeper.expect_clean("vacuum of a newer dataset")


# --- all of it ------------------------------------------------------------------------------------------------------


def check(trailhouse: str, sources: list[str], scratch: Path, differences: Differences) -> str:
    """Goes both ways. Returns a line about what was compared."""
    # Every other one, so that there is of each place and time something in both halves.
    half = [*log_objects(sources)][::2]
    whole = Keeper(trailhouse, scratch / "whole", differences)
    # In the same two runs, for the first copy of an event is the one that stays.
    whole.convert(half)
    whole.convert(sources)
    due = dataset.read_with_pyarrow(whole.root)
    summary = check_older(Keeper(trailhouse, scratch / "older", differences), whole, sources, half)
    check_newer(Keeper(trailhouse, scratch / "newer", differences), sources, half, due)
    return f"{summary}; a column that is not known stays"


if __name__ == "__main__":
    sys.exit(upkeep.main(__doc__, check))
