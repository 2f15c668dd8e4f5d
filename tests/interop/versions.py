#!/usr/bin/env python3
"""Checks that a dataset to which several runs have added keeps each of its versions, as Delta tables do.

    versions.py --trailhouse FILE --dataset DIR --report FILE FIRST SOURCE...

Converts FIRST twice, then with each further source. The second run has nothing to do, so it must leave the log as it
is; and version 0 must go on giving the rows of the first. What the last version holds is for check.py to say: for it
the report is written that one run over all sources would have given.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import dataset
import delta
from check import Differences
from logs import NotReadable

# As stored. Makes many versions of few logs, so that the log gets checkpoints.
COMMIT_EVERY = "8KiB"


class Trail:
    """A dataset as it grows, run by run."""

    def __init__(self, trailhouse: str, root: Path) -> None:
        self.trailhouse = trailhouse
        self.root = root
        self.reports: list[dict[str, Any]] = []

    def convert(self, sources: list[str], *flags: str) -> dict[str, Any]:
        """One run. Returns what it reports."""
        command = [self.trailhouse, "convert", *sources, "--to", str(self.root), *flags]
        command += ["--report", "json", "--allow-rejects"]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode != 0:
            raise NotReadable(f"convert ended with {done.returncode}: {done.stderr[:300]}")
        self.reports.append(json.loads(done.stdout))
        return self.reports[-1]

    def log_files(self) -> list[str]:
        """What lies in the log."""
        return sorted(path.name for path in (self.root / "_delta_log").iterdir())

    def report(self) -> dict[str, Any]:
        """What one run would have reported. Objects that were there already were not there for it."""
        parts = ["objects", "events", "look_alikes", "files"]
        report = added([{part: report[part] for part in parts} for report in self.reports])
        objects = report["objects"]
        known = objects["skipped_by_reason"].pop("known", 0)
        objects["skipped"] -= known
        objects["listed"] -= known
        return report


def added(reports: list[dict[str, Any]]) -> dict[str, Any]:
    """The sums of all counts, by their names."""
    sums: dict[str, Any] = {}
    for name in dict.fromkeys(name for report in reports for name in report):
        counts = [report[name] for report in reports if name in report]
        sums[name] = added(counts) if isinstance(counts[0], dict) else sum(counts)
    return sums


def check(trail: Trail, sources: list[str], differences: Differences) -> str:
    """Makes all runs. Returns a line about what was compared."""
    trail.convert(sources[:1])
    first, first_files = dataset.read_with_pyarrow(trail.root), dataset.data_files(trail.root)
    log_files = trail.log_files()
    differences.compare("versions after the first run", delta.read_log(trail.root).versions, [0])

    again = trail.convert(sources[:1])
    differences.compare("events read by the second, unchanged run", again["events"]["read"], 0)
    differences.compare("the log after the second, unchanged run", trail.log_files(), log_files)
    differences.compare("data files after the second, unchanged run", dataset.data_files(trail.root), first_files)

    for count in range(2, len(sources) + 1):
        before = trail.log_files()
        trail.convert(sources[:count], "--commit-every", COMMIT_EVERY)
        if trail.log_files() == before:
            differences.add(f"the run that added {sources[count - 1]} left the log as it was")
    if "_last_checkpoint" not in trail.log_files():
        differences.add("the log has no checkpoint, so how one is read could not be checked")

    for fault in delta.reading_faults(delta.DeltaTable(trail.root, version=0), first):
        differences.add(f"version 0: {fault}")
    versions = len(delta.read_log(trail.root).versions)
    return f"{versions} versions by {len(trail.reports)} runs; {first.num_rows} rows of version 0 compared"


def main() -> int:
    """Prints one line if all agrees, and else what does not."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("--dataset", type=Path, required=True, help="where to make the dataset")
    parser.add_argument("--report", type=Path, required=True, help="where to put the report of all runs")
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="logs, in the order to add them")
    options = parser.parse_args()
    trail, differences = Trail(options.trailhouse, options.dataset), Differences()
    summary = "not all could be compared"
    try:
        summary = check(trail, options.sources, differences)
        options.report.write_text(json.dumps(trail.report()), "utf-8")
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
