#!/usr/bin/env python3
"""Checks a dataset made by `trailhouse convert` against the log objects it was made from.

    check.py --dataset DIR --report FILE SOURCE...

Reads the logs with Python's own JSON reader, the dataset with pyarrow, DuckDB and deltalake, and compares everything:
counts, partitions, every column of every row, the files' footers, what the Delta log says of them. Differences are told
by object, index and column; values are never printed, for logs may hold secrets.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dataset
import delta
import times
from jsontext import parse
from logs import LogObject, NotReadable, Record, read, records
from reference import COLUMNS, PARTITIONS, Expected, expect

SHOWN = 8
Place = tuple[str, int]


@dataclass
class Differences:
    """What did not agree. Many, for one mistake often shows in every row: all are counted, the first are shown."""

    messages: list[str] = field(default_factory=list)

    def add(self, message: str) -> None:
        """Notes one difference."""
        self.messages.append(message)

    def compare(self, what: str, found: Any, due: Any) -> None:
        """Notes a difference between two things that may be shown."""
        if found != due:
            self.add(f"{what}: {found}, due is {due}")

    def show(self) -> None:
        """Prints the first of them."""
        for message in self.messages[:SHOWN]:
            print(f"   differs: {message}")
        if len(self.messages) > SHOWN:
            print(f"   and {len(self.messages) - SHOWN} more differences")


class Logs:
    """What the log objects hold, parted by what a converter must do with it."""

    def __init__(self, objects: list[LogObject]) -> None:
        """The first copy of an event, in the order of the objects' names, is the one that stays."""
        self.objects = objects
        self.events: dict[Place, tuple[Record, Expected]] = {}
        self.duplicates = 0
        self.rejects: dict[Place, Record] = {}
        seen = set()
        for record in records(objects):
            if not record.is_event:
                self.rejects[record.object, record.index] = record
                continue
            row = expect(record.value)
            if (key := row.key()) in seen:
                self.duplicates += 1
                continue
            seen.add(key)
            self.events[record.object, record.index] = (record, row)

    def counts(self) -> dict[str, int]:
        """By the names the report has for them."""
        return {
            "read": len(self.events) + self.duplicates + len(self.rejects),
            "written": len(self.events),
            "duplicates": self.duplicates,
            "rejected": len(self.rejects),
        }

    def summary(self) -> str:
        """All counts on a line."""
        counts = ", ".join(f"{count} {name}" for name, count in self.counts().items())
        besides = ", ".join(f"{count} {kind}" for kind, count in sorted(self.look_alikes().items()))
        return f"{counts}; besides {besides}" if besides else counts

    def look_alikes(self) -> Counter:
        """What only looks like events, by kind."""
        return sum((log.look_alikes for log in self.objects), Counter())

    def skipped(self) -> Counter:
        """Objects that are no logs, by why."""
        return Counter(log.skipped for log in self.objects if log.skipped)

    def partitions(self) -> Counter:
        """Events for each date, service and region."""
        return Counter(row.partition() for _, row in self.events.values())


def check_report(differences: Differences, report: dict, logs: Logs) -> None:
    """The report's counts are those of the logs, and add up."""
    events = report["events"]
    for name, due in logs.counts().items():
        differences.compare(f"report, events {name}", events[name], due)
    parts = events["written"] + events["duplicates"] + events["rejected"]
    differences.compare("report, written + duplicates + rejected", parts, events["read"])
    differences.compare("report, look-alikes", report["look_alikes"], dict(logs.look_alikes()))
    check_objects(differences, report["objects"], logs)


def check_objects(differences: Differences, objects: dict, logs: Logs) -> None:
    """Every object is accounted for, and whatever was skipped has its kind."""
    skipped = logs.skipped()
    differences.compare("report, objects skipped, by kind", objects["skipped_by_reason"], dict(skipped))
    differences.compare("report, objects listed", objects["listed"], len(logs.objects))
    differences.compare("report, objects skipped", objects["skipped"], skipped.total())
    differences.compare("report, objects converted", objects["converted"], len(logs.objects) - skipped.total())
    differences.compare("report, objects failed", objects["failed"], 0)


def check_rejects(differences: Differences, found: list[dict[str, Any]], logs: Logs) -> None:
    """Each reject is kept, as it was and for the right reason."""
    kept = {(reject["object"], reject["event_index"]): reject for reject in found}
    differences.compare("rejects kept", len(found), len(logs.rejects))
    for place in sorted(kept.keys() | logs.rejects.keys()):
        name = f"{place[0]}, reject {place[1]}"
        if place not in kept or place not in logs.rejects:
            differences.add(f"{name}: {'is not kept' if place in logs.rejects else 'is none'}")
            continue
        record, reject = logs.rejects[place], kept[place]
        differences.compare(f"{name}, reason", reject["reason"], record.found.code)
        if not is_json_of(reject["raw"], record.value):
            differences.add(f"{name}: is kept changed")


def check_partitions(differences: Differences, reader: str, found: Counter, due: Counter) -> None:
    """Each partition holds as many rows as events belong there."""
    for partition in sorted(found.keys() | due.keys()):
        if found[partition] != due[partition]:
            name = "/".join(f"{key}={value}" for key, value in zip(PARTITIONS, partition))
            differences.compare(f"rows of {name} as {reader} reads them", found[partition], due[partition])


def check_files(differences: Differences, root: Path, report: dict) -> None:
    """The files are where, and what, they should be."""
    files = dataset.data_files(root)
    for fault in dataset.other_files(root):
        differences.add(fault)
    rows = 0
    for path in files:
        try:
            rows += check_file(differences, root, path)
        except dataset.READER_ERRORS as error:
            differences.add(f"{path.relative_to(root)}: cannot be read ({type(error).__name__})")
    # Not every disk and store tells names apart by case.
    differences.compare("distinct data files", len({str(path).lower() for path in files}), len(files))
    differences.compare("report, files written", report["files"]["written"], len(files))
    differences.compare("report, bytes of files", report["files"]["bytes"], sum(path.stat().st_size for path in files))
    differences.compare("rows by the footers", rows, report["events"]["written"])


def check_file(differences: Differences, root: Path, path: Path) -> int:
    """One data file's footer and order. Returns how many rows it declares."""
    for fault in dataset.footer_faults(root, path):
        differences.add(fault)
    if not dataset.is_sorted(path):
        differences.add(f"{path.relative_to(root)}: rows are not sorted by {dataset.SORTED_BY}")
    return dataset.pq.read_metadata(path).num_rows


def check_rows(differences: Differences, rows: list[dict[str, Any]], logs: Logs) -> None:
    """Each event has exactly one row, and the row says what the event said."""
    met: Counter = Counter()
    for row in rows:
        place = (row["source_object"], row["source_index"])
        met[place] += 1
        if place not in logs.events:
            differences.add(f"{place[0]}, event {place[1]}: has a row, but is a duplicate, a reject, or not there")
            continue
        record, expected = logs.events[place]
        wrong = [name for name in COLUMNS if not agrees(name, row, record, expected)]
        partition = tuple(row[name] for name in PARTITIONS)
        wrong += [] if partition == expected.partition() else ["its partition"]
        if wrong:
            differences.add(f"{place[0]}, event {place[1]}: {', '.join(wrong)}")
    for place in logs.events:
        if met[place] != 1:
            differences.add(f"{place[0]}, event {place[1]}: has {met[place]} rows")


def agrees(name: str, row: dict[str, Any], record: Record, expected: Expected) -> bool:
    """Whether a column of a row holds what it should."""
    found, due = row[name], expected.columns[name]
    if COLUMNS[name]["kind"] == "provenance":
        return True  # The row was found by it.
    if name == "extra":
        return agrees_extra(found, due, expected.event)
    if COLUMNS[name]["type"] == "json":
        return agrees_json(found, due) and (found is None or name not in expected.verbatim or found in record.text)
    if COLUMNS[name]["type"] == "text_list" and found is not None:
        return bool(found) and len(set(found)) == len(found) and set(found) == due
    return found == due


def agrees_json(found: str | None, due: Any) -> bool:
    """Whether a JSON column holds a value; SQL NULL stands for an absent or null one."""
    if found is None or due is None:
        return found is due
    return is_json_of(found.encode("utf-8"), due)


def is_json_of(found: bytes, due: Any) -> bool:
    """Whether bytes are the JSON of a value."""
    try:
        return parse(found.decode("utf-8")) == due
    except ValueError:
        return False


def agrees_extra(found: str | None, due: dict | None, event: dict) -> bool:
    """Whether extra holds what fits no column, by path; or the whole event, where paths would be ambiguous."""
    return agrees_json(found, due) or (found is not None and agrees_json(found, {"$": event}))


def check_readers_agree(differences: Differences, table: dataset.pa.Table, other: dataset.pa.Table) -> None:
    """Both readers see the same values, so that what holds for one reader's rows holds for the other's."""
    order = [("source_object", "ascending"), ("source_index", "ascending")]
    table, other = table.select(list(COLUMNS)).sort_by(order), other.sort_by(order)
    differences.compare("rows as DuckDB reads them", other.num_rows, table.num_rows)
    for name in COLUMNS:
        if dataset.rows(other.select([name])) != dataset.rows(table.select([name])):
            differences.add(f"column {name}: DuckDB reads other values than pyarrow")


def check_truth(differences: Differences, truth: dict, report: dict, found: Counter) -> None:
    """What the generator says it made is what was read and written."""
    for name in ["read", "written", "duplicates", "rejected"]:
        differences.compare(f"report against truth, events {name}", report["events"][name], truth["events"][name])
    due = Counter({tuple(part[name] for name in PARTITIONS): part["events"] for part in truth["partitions"]})
    check_partitions(differences, "pyarrow, against truth,", found, due)


def check_table(differences: Differences, path: Path, rows: list[dict[str, Any]]) -> None:
    """The rows are exactly those of a table made by hand."""
    with path.open(encoding="utf-8", newline="") as file:
        due = list(csv.DictReader(file))
    found = [{name: as_written(name, row) for name in due[0]} for row in rows]
    by_place = lambda row: (row["object"], int(row["index"]))
    differences.compare("rows of the table", len(found), len(due))
    for one, other in zip(sorted(found, key=by_place), sorted(due, key=by_place)):
        differences.compare(f"{other['object']}, event {other['index']}", one, other)


def as_written(name: str, row: dict[str, Any]) -> str:
    """A row's value as the table by hand writes it. Its events are published samples, so they may be shown."""
    if name == "object":
        return Path(row["source_object"]).name
    if name == "index":
        return str(row["source_index"])
    if name == "event_time_given":
        extra = json.loads(row["extra"] or "{}")
        return extra["eventTime"] if row["event_time"] is None else times.usual_form(row["event_time"])
    value = row[name]
    return {None: "NULL", True: "true", False: "false"}.get(value, str(value))


def check(options: argparse.Namespace, differences: Differences) -> str:
    """Makes all comparisons. Returns a line about what was compared."""
    report = json.loads(options.report.read_text("utf-8"))
    logs = Logs(read(options.sources))
    check_report(differences, report, logs)
    for name in ["read", "written", "rejected"]:
        if (due := getattr(options, name)) is not None:
            differences.compare(f"events {name}", report["events"][name], due)
    check_rejects(differences, dataset.rejects(options.dataset), logs)
    check_files(differences, options.dataset, report)

    is_empty = not dataset.data_files(options.dataset)
    table = dataset.no_rows() if is_empty else dataset.read_with_pyarrow(options.dataset)
    for fault in delta.faults(options.dataset, table):
        differences.add(fault)
    if not logs.events and is_empty:
        return f"{logs.summary()}; no data files"
    duck = dataset.DuckDB(options.dataset)
    rows, found = dataset.rows(table), dataset.partitions(table)
    check_partitions(differences, "pyarrow", found, logs.partitions())
    check_partitions(differences, "DuckDB", duck.partitions(), logs.partitions())
    check_rows(differences, rows, logs)
    check_readers_agree(differences, table, duck.read())
    if options.truth:
        check_truth(differences, json.loads(options.truth.read_text("utf-8")), report, found)
    if options.table:
        check_table(differences, options.table, rows)

    return f"{logs.summary()}; {len(rows)} rows of {len(COLUMNS)} columns in {len(found)} partitions compared"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="log files or directories, as given to convert")
    parser.add_argument("--dataset", type=Path, required=True, help="what convert made of them")
    parser.add_argument("--report", type=Path, required=True, help="what convert --report json printed")
    parser.add_argument("--truth", type=Path, help="the truth.json that generate wrote")
    parser.add_argument("--table", type=Path, help="a table of the rows due, made by hand")
    for name in ["read", "written", "rejected"]:
        parser.add_argument(f"--{name}", type=int, metavar="N", help=f"how many events must be {name}")
    return parser.parse_args()


def main() -> int:
    """Prints one line if all agrees, and else what does not."""
    options, differences, summary = arguments(), Differences(), "not all could be compared"
    try:
        summary = check(options, differences)
    except NotReadable as error:
        differences.add(str(error))
    except (*dataset.READER_ERRORS, *delta.READER_ERRORS) as error:
        # Its text might quote a value.
        differences.add(f"{options.dataset}: cannot be read ({type(error).__name__})")
    differences.show()
    print(f"   {'FAILED' if differences.messages else 'ok'}: {summary}")
    return 1 if differences.messages else 0


if __name__ == "__main__":
    sys.exit(main())
