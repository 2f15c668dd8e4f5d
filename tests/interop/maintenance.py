#!/usr/bin/env python3
"""Checks that compact and vacuum change the files of a dataset, and never its rows.

    maintenance.py --trailhouse FILE SOURCE...

Converts the sources into a dataset of many versions and small files. Then brings its files together and deletes those
that were replaced, and after each step asks deltalake, pyarrow and DuckDB for the rows, and the log's own lines and the
directories for the files.
"""

import json
import sys
from pathlib import Path
from typing import Any, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

import dataset
import delta
import upkeep
from check import Differences
from upkeep import Keeper, Stored

# As stored. Makes many versions, and several files of a partition.
COMMIT_EVERY = "12KiB"
# Less than partitions hold, more than a file does.
SMALL_TARGET = ("40KiB", 40 << 10)
USUAL_TARGET = 256 << 20
# What a version consists of that brings files together.
COMPACTION_ACTIONS = {"commitInfo", "remove", "add"}
# Of the earlier versions, every so many is compared.
EVERY = 8
DAY = ("2025-03-02", "2025-03-03")

Add = dict[str, Any]


# --- compact --------------------------------------------------------------------------------------------------------


def check_compaction(keeper: Keeper, step: str, target: int, *flags: str) -> dict[str, Any]:
    """Brings files together. The rows stay, and files, log and report tell the same of it. Returns the report."""
    before, due = keeper.log(), delta.read(keeper.delta())
    report = keeper.report("compact", *flags)
    after = keeper.log()
    keeper.note(step, compaction_faults(before, after, report))
    keeper.expect_log(step)
    keeper.note(step, new_file_faults(keeper.root, before, after))
    keeper.note(step, version_faults(delta.read(keeper.delta()), due))
    keeper.expect_clean(step)
    if target:
        keeper.note(step, size_faults(keeper.root, after, target))
    if not len(after.adds) < len(before.adds):
        keeper.differences.add(f"{step}: {len(before.adds)} files became {len(after.adds)}")
    return report


def version_faults(found: pa.Table, due: pa.Table) -> Iterator[str]:
    """How the rows of a version, as deltalake reads them, depart from those of the same or another one earlier."""
    if found.schema != due.schema or found.num_rows != due.num_rows:
        yield f"deltalake reads {found.num_rows} rows, due are {due.num_rows}; or their columns differ"
        return
    usual = dataset.no_rows().schema
    found, due = delta.in_order(found, usual), delta.in_order(due, usual)
    yield from (f"column {name} has other values" for name in due.column_names if found[name] != due[name])


def compaction_faults(before: delta.Log, after: delta.Log, report: dict[str, Any]) -> Iterator[str]:
    """How the versions that a compaction made depart from what it says, and from what such versions may hold."""
    actions = [action for version in after.history[len(before.versions) :] for action in version]
    if kinds := {kind for kind, _ in actions} - COMPACTION_ACTIONS:
        yield f"the log has {sorted(kinds)} of it"
    adds = [action for kind, action in actions if kind == "add"]
    removes = [action for kind, action in actions if kind == "remove"]
    for action in adds + removes:
        if action["dataChange"] is not False:
            yield f"{action['path']}: is said to change the data"
    # Some were perhaps replaced again at once.
    known = before.adds | {add["path"]: add for add in adds}
    for remove in removes:
        if any(remove[name] != known[remove["path"]][name] for name in ["size", "partitionValues"]):
            yield f"{remove['path']}: has another size or partition where it is removed than where it was added"
        if not remove["deletionTimestamp"]:
            yield f"{remove['path']}: was removed at no time"
    replaced, written = files([known[remove["path"]] for remove in removes]), files(adds)
    due = {
        "version": after.versions[-1],
        "partitions": len({Path(remove["path"]).parent for remove in removes}),
        "replaced": replaced,
        "written": written,
        "duplicates": replaced["rows"] - written["rows"],
    }
    for name in sorted(due.keys() | report.keys()):
        if report.get(name) != due.get(name):
            yield f"the report's {name} is {report.get(name)}, by the log it is {due.get(name)}"


def files(adds: list[Add]) -> dict[str, int]:
    """Files by the log, all in all, as the report has them."""
    rows = sum(row_count(add) for add in adds)
    return {"count": len(adds), "bytes": sum(add["size"] for add in adds), "rows": rows}


def row_count(add: Add) -> int:
    """The rows of a file, by the log."""
    return json.loads(add["stats"])["numRecords"]


def new_file_faults(root: Path, before: delta.Log, after: delta.Log) -> Iterator[str]:
    """How the files that were made depart from what data files are: sorted, with the columns in their order."""
    for path in after.adds.keys() - before.adds.keys():
        yield from dataset.footer_faults(root, root / path)
        if not dataset.is_sorted(root / path):
            yield f"{path}: rows are not sorted by {dataset.SORTED_BY}"
        if not after.adds[path]["tags"].get("trailhouse.blake3"):
            yield f"{path}: has no checksum in the log"


def size_faults(root: Path, log: delta.Log, target: int) -> Iterator[str]:
    """Files of a partition that lie beside each other in time and would fit into one of the size aimed at."""
    by_partition: dict[Path, list[tuple[tuple[int, int], int]]] = {}
    for path, add in log.adds.items():
        by_partition.setdefault(Path(path).parent, []).append((span(root / path), add["size"]))
    for partition, ordered in by_partition.items():
        ordered.sort()
        for (_, size), (_, following) in zip(ordered, ordered[1:]):
            if size + following <= target:
                yield f"{partition}: files of {size} and {following} bytes would fit into one of {target}"


def span(path: Path) -> tuple[int, int]:
    """The first and the last time in a file, in microseconds."""
    times = [row["event_time"] for row in dataset.rows(pq.ParquetFile(path).read(columns=["event_time"]))]
    known = [time for time in times if time is not None]
    return (min(known, default=0), max(known, default=0))


def check_targets(keeper: Keeper) -> None:
    """Only days that are meant are touched; files that would be larger than is aimed at stay apart."""
    step, small = "compact a day", keeper.copy("small")
    before = small.log()
    since, until = DAY
    check_compaction(small, step, 0, "--since", since, "--until", until)
    gone = before.adds.keys() - small.log().adds.keys()
    for path in sorted(path for path in gone if not path.startswith(f"date={since}/")):
        small.differences.add(f"{step}: {path} was replaced, though of another day")

    step, (flag, target) = "compact to a small size", SMALL_TARGET
    check_compaction(small, step, target, "--target-size", flag)
    partitions = [Path(path).parent for path in small.log().adds]
    if len(set(partitions)) == len(partitions):
        small.differences.add(f"{step}: no partition has two files, so how they are parted could not be checked")


def check_compact(keeper: Keeper, due: pa.Table) -> int:
    """Small files become one of each partition, and all versions stay. Returns how many versions were compared."""
    log = keeper.log()
    versions = sorted({*log.versions[::EVERY], log.versions[-1]})
    earlier = {version: delta.read(keeper.delta(version)) for version in versions}

    step, stored = "compact --dry-run", keeper.stored()
    foreseen = keeper.report("compact", "--dry-run")
    keeper.expect_stored(step, stored)
    report = check_compaction(keeper, "compact", USUAL_TARGET)
    for name in ["partitions", "replaced"]:
        keeper.expect(step, name, foreseen[name], report[name])
    keeper.expect_rows("compact", due)
    kept = keeper.stored()
    for path, was in stored.items():
        if path != "_delta_log/_last_checkpoint" and kept.get(path) != was:
            keeper.differences.add(f"compact: {path} did not stay as it was")
    check_earlier(keeper, "compact", earlier)

    step, stored = "compact again", keeper.stored()
    again = keeper.report("compact")
    nothing = {"count": 0, "bytes": 0, "rows": 0}
    idle = {"partitions": 0, "replaced": nothing, "written": nothing, "duplicates": 0}
    keeper.expect(step, "report", again, report | idle)
    keeper.expect_stored(step, stored)

    step = "vacuum"
    vacuum(keeper, step)
    keeper.expect_stored(step, stored)
    check_earlier(keeper, step, earlier)
    keeper.expect_clean(step)
    return len(earlier)


def check_earlier(keeper: Keeper, step: str, earlier: dict[int, pa.Table]) -> None:
    """Earlier versions give the rows that they gave, to deltalake and to the program."""
    for version, due in earlier.items():
        keeper.note(f"{step}, version {version}", version_faults(delta.read(keeper.delta(version)), due))
        answer = keeper.query("SELECT count(*) AS rows FROM events", "--version", str(version))
        keeper.expect(step, f"rows of version {version}", answer, [{"rows": due.num_rows}])


# --- vacuum ---------------------------------------------------------------------------------------------------------


def vacuum(keeper: Keeper, step: str, *flags: str) -> tuple[dict[str, Any], Stored]:
    """Deletes what is not needed. It says what is gone then, and nothing else has changed. Returns what is gone."""
    before = keeper.stored()
    report = keeper.report("vacuum", *flags)
    after = keeper.stored()
    gone = {path: stored for path, stored in before.items() if path not in after}
    keeper.expect_stored(step, {path: after[path] for path in before.keys() & after.keys()})
    for path, stored in after.items():
        if before.get(path) != stored:
            keeper.differences.add(f"{step}: {path} was changed")
    if "--dry-run" in flags:
        keeper.expect_stored(step, before)
    else:
        counts = vacuumed(gone)
        keeper.expect(step, "report", {name: report[name] for name in counts}, counts)
    keeper.note(step, empty_directories(keeper.root))
    return report, gone


def vacuumed(gone: Stored) -> dict[str, int]:
    """What the report must say of files that were deleted."""
    data = sum(path.startswith("date=") and path.endswith(".parquet") for path in gone)
    return {"data_files": data, "other_files": len(gone) - data, "bytes": upkeep.sizes(gone)}


def empty_directories(root: Path) -> Iterator[str]:
    """Directories that readers of directories would take for empty partitions."""
    for directory in sorted(root.glob("date=*/**/")):
        if not any(directory.iterdir()):
            yield f"{directory.relative_to(root)}: is an empty directory"


def check_vacuum(keeper: Keeper, due: pa.Table) -> None:
    """With nothing retained, what the latest version does not need is gone, and its rows are all there is."""
    stored, retained = keeper.stored(), ("--retention", "0s")
    keeper.run("vacuum", *retained, code=2)
    keeper.expect_stored("vacuum without --force", stored)
    foreseen, _ = vacuum(keeper, "vacuum --dry-run", *retained, "--force", "--dry-run")

    step = "vacuum of all that can go"
    # deltalake goes by the log alone, and would take what is written in it as removed.
    removed = keeper.delta().vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=True)
    report, gone = vacuum(keeper, step, *retained, "--force")
    keeper.expect("vacuum --dry-run", "report", foreseen, report)
    keeper.expect(step, "first version", report["first_version"], keeper.log().versions[-1])
    keeper.expect(step, "kept", report["kept"], 0)
    data = {path for path in gone if path.startswith("date=")}
    for path in sorted(data ^ set(removed)):
        keeper.differences.add(f"{step}: {path} {'stays' if path in removed else 'goes'}, unlike with deltalake")
    check_least(keeper, step, due)

    step = "vacuum again"
    vacuum(keeper, step, *retained, "--force")
    keeper.expect(step, "files", keeper.stored().keys(), stored.keys() - gone.keys())


def check_least(keeper: Keeper, step: str, due: pa.Table) -> None:
    """Whoever reads, the log or the directories, reads these rows; and no data file lies there besides."""
    keeper.note(step, delta.lying_faults(keeper.root, keeper.log()))
    keeper.note(step, dataset.other_files(keeper.root))
    keeper.expect_log(step)
    keeper.expect_rows(step, due)
    keeper.expect_directories(step, due)
    keeper.expect_clean(step)


# --- all of it ------------------------------------------------------------------------------------------------------


def check_known(keeper: Keeper, sources: list[str], due: pa.Table) -> None:
    """The dataset still knows which objects are in, and each of its events."""
    versions = keeper.log().versions
    step = "convert after vacuum"
    keeper.expect(step, "events read", keeper.convert(sources)["events"]["read"], 0)
    keeper.expect(step, "versions", keeper.log().versions, versions)
    step = "convert --reprocess after vacuum"
    keeper.expect(step, "events written", keeper.convert(sources, "--reprocess")["events"]["written"], 0)
    keeper.expect_clean(step)
    answer = keeper.query("SELECT count(*) AS rows FROM events")
    keeper.expect(step, "rows", answer, [{"rows": due.num_rows}])


def check(trailhouse: str, sources: list[str], scratch: Path, differences: Differences) -> str:
    """Goes all the way. Returns a line about what was compared."""
    keeper = Keeper(trailhouse, scratch / "dataset", differences)
    keeper.convert(sources, "--commit-every", COMMIT_EVERY)
    due, rejects = dataset.read_with_pyarrow(keeper.root), dataset.rejects(keeper.root)
    count = len(keeper.log().adds)
    keeper.expect_rows("convert", due)
    keeper.expect_clean("convert")

    check_targets(keeper)
    versions = check_compact(keeper, due)
    check_vacuum(keeper, due)
    if dataset.rejects(keeper.root) != rejects:
        differences.add("the rejects are not those that there were before compact and vacuum")
    check_known(keeper, sources, due)
    log = keeper.log()
    came = f"{count} files of {due.num_rows} rows became {len(log.adds)}"
    return f"{came}; {versions} of {len(log.versions)} versions compared"


if __name__ == "__main__":
    sys.exit(upkeep.main(__doc__, check))
