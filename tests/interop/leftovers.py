#!/usr/bin/env python3
"""Checks what becomes of files that are no part of a dataset, and of rows that somebody else has put into it twice.

    leftovers.py --trailhouse FILE SOURCE...

Puts files into a dataset of the sources, as dead runs and other programs leave them, and asks check and vacuum for
them. Then commits copies of its rows, with the `deltalake` package and by hand, and asks check and compact for them.
"""

import os
import shutil
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import write_deltalake

import dataset
import delta
import upkeep
from check import Differences
from maintenance import check_least, row_count, vacuum
from upkeep import Keeper

# What Spark, and the `deltalake` package, name their files by.
FOREIGN_NAME = "part-00000-2befed33-c358-4768-a43c-3eda0d2a499d-c000.snappy.parquet"
# As trailhouse names its own: by a task, an attempt and a number.
OWN_NAME = "part-0123456789abcdef-0-0000.parquet"
MARK = "_trailhouse/intents/0123456789abcdef-0.abandoned"
NO_EVENTS = "date=2020-01-01/service=s3/region=us-east-1"
# More than the seven days for which vacuum keeps things, and a little less.
OLD_DAYS, YOUNG_DAYS = 8, 6


def put(keeper: Keeper, path: str, days: float, like: Path | None = None) -> str:
    """A file of some days of age, with the bytes of another perhaps."""
    file = keeper.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(like.read_bytes() if like else b"")
    set_age(keeper, path, days)
    return path


def set_age(keeper: Keeper, path: str, days: float) -> None:
    """As if a file had been written some days ago."""
    modified = time.time() - days * 24 * 3600
    os.utime(keeper.root / path, (modified, modified))


def expect_vacuum(keeper: Keeper, step: str, due: list[str], *flags: str) -> None:
    """Deletes these files and no others, and does with `--dry-run` say so beforehand."""
    foreseen, _ = vacuum(keeper, f"{step}, vacuum --dry-run", *flags, "--dry-run")
    report, gone = vacuum(keeper, f"{step}, vacuum", *flags)
    keeper.expect(f"{step}, vacuum", "deleted", sorted(gone), sorted(due))
    keeper.expect(f"{step}, vacuum --dry-run", "report", foreseen, report)


def orphans(*paths: str) -> list[tuple[str, str]]:
    """What check must say of files that nobody counts on."""
    return [(path, "orphan") for path in paths]


# --- files ----------------------------------------------------------------------------------------------------------


def check_foreign_file(keeper: Keeper, file: Path) -> None:
    """Another program's file may be its work in progress, so vacuum waits for it to be old."""
    step = "a foreign file"
    beside = put(keeper, str(file.parent.relative_to(keeper.root) / FOREIGN_NAME), 0, file)
    alone = put(keeper, f"{NO_EVENTS}/{FOREIGN_NAME}", YOUNG_DAYS, file)
    keeper.expect_findings(step, orphans(beside, alone))
    expect_vacuum(keeper, f"{step}, still young", [])
    keeper.expect_findings(f"{step}, still young", orphans(beside, alone))

    set_age(keeper, alone, OLD_DAYS)
    expect_vacuum(keeper, f"{step}, old and alone", [alone])
    if (keeper.root / NO_EVENTS.split("/", maxsplit=1)[0]).exists():
        keeper.differences.add(f"{step}, old and alone: its directories stay, which readers take for a partition")
    set_age(keeper, beside, OLD_DAYS)
    expect_vacuum(keeper, f"{step}, old", [beside])
    keeper.expect_clean(f"{step}, gone")


def check_own_file(keeper: Keeper, file: Path) -> None:
    """A file that is named like trailhouse's own is known to be a dead run's, and goes at once."""
    step = "a dead run's file"
    orphan = put(keeper, str(file.parent.relative_to(keeper.root) / OWN_NAME), 0, file)
    keeper.expect_findings(step, orphans(orphan))
    expect_vacuum(keeper, step, [orphan])
    keeper.expect_clean(f"{step}, gone")


def check_half_written(keeper: Keeper, file: Path) -> None:
    """What has its temporary name still may be in the making, until it is old. Readers' patterns do not match it."""
    step, directory = "half-written files", file.parent.relative_to(keeper.root)
    old = put(keeper, f"{directory}/x.parquet#1", OLD_DAYS, file)
    young = put(keeper, f"{directory}/y.parquet#2", YOUNG_DAYS, file)
    keeper.expect_findings(step, [])
    expect_vacuum(keeper, step, [old])
    set_age(keeper, young, OLD_DAYS)
    expect_vacuum(keeper, f"{step}, by now old", [young])
    keeper.expect_clean(f"{step}, gone")


def check_mark(keeper: Keeper) -> None:
    """The mark of a run that was given up stays until no such run can wake up."""
    step = "a mark"
    put(keeper, MARK, 0)
    keeper.expect_findings(step, [])
    expect_vacuum(keeper, f"{step}, still young", [])
    set_age(keeper, MARK, OLD_DAYS)
    expect_vacuum(keeper, f"{step}, old", [MARK])
    keeper.expect_clean(f"{step}, gone")


# --- rows -----------------------------------------------------------------------------------------------------------


def copy_with_deltalake(keeper: Keeper, path: str, add: dict) -> None:
    """Appends a file's rows once more, as everybody can."""
    table = pq.ParquetFile(keeper.root / path).read().replace_schema_metadata(None)
    for name, value in add["partitionValues"].items():
        values = pa.array([value] * table.num_rows, pa.string())
        table = table.append_column(name, values.cast(pa.date32()) if name == "date" else values)
    write_deltalake(keeper.root, table, mode="append")


def copy_by_hand(keeper: Keeper, path: str, add: dict) -> None:
    """Commits a file once more under another name, with a line of the log that differs in nothing else."""
    copy = str(Path(path).with_name(FOREIGN_NAME))
    shutil.copy(keeper.root / path, keeper.root / copy)
    upkeep.commit(keeper, "WRITE", [("add", add | {"path": copy, "tags": {}})])


def check_duplicates(keeper: Keeper, due: pa.Table) -> int:
    """check tells copies, whoever has written them, and compact leaves them out. Returns how many there were."""
    (second, second_add), (first, first_add) = sorted(
        keeper.log().adds.items(), key=lambda item: row_count(item[1])
    )[-2:]
    copies = 0
    for step, copy, path, add in [
        ("copies by deltalake", copy_with_deltalake, first, first_add),
        ("copies by hand", copy_by_hand, second, second_add),
    ]:
        log = keeper.log()
        copy(keeper, path, add)
        (made,) = keeper.log().adds.keys() - log.adds.keys()
        count = row_count(add)
        copies += count
        # They are told of the file whose name comes behind the other's, whoever has the originals.
        (finding,) = keeper.expect_findings(step, [(max(path, made), "duplicates")]) or [{}]
        keeper.expect(step, "count", finding.get("count"), count)
        keeper.expect(step, "where the originals are", finding.get("other"), min(path, made))
        keeper.expect(step, "protocol", keeper.log().protocol, log.protocol)
        keeper.expect(step, "protocol to deltalake", tuple(keeper.delta().protocol())[:2], delta.PROTOCOL)
        report = keeper.report("compact")
        keeper.expect(step, "duplicates left out", report["duplicates"], count)
        keeper.expect(step, "files replaced", report["replaced"]["count"], 2)
        keeper.expect_log(step)
        keeper.expect_rows(step, due)
        keeper.expect_clean(f"{step}, left out")
    vacuum(keeper, "copies left out, vacuum", "--retention", "0s", "--force")
    check_least(keeper, "copies left out, vacuum", due)
    return copies


# --- all of it ------------------------------------------------------------------------------------------------------


def check(trailhouse: str, sources: list[str], scratch: Path, differences: Differences) -> str:
    """Goes through all that can be left over. Returns a line about what was compared."""
    keeper = Keeper(trailhouse, scratch / "dataset", differences)
    keeper.convert(sources)
    due = dataset.read_with_pyarrow(keeper.root)
    file = dataset.data_files(keeper.root)[0]
    check_foreign_file(keeper, file)
    check_own_file(keeper, file)
    check_half_written(keeper, file)
    check_mark(keeper)
    check_least(keeper, "all leftovers gone", due)
    copies = check_duplicates(keeper, due)
    return f"leftovers told and deleted; {copies} copies among {due.num_rows} rows told and left out"


if __name__ == "__main__":
    sys.exit(upkeep.main(__doc__, check))
