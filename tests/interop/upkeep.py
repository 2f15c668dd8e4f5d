"""Runs the commands that look after a dataset, and holds what they leave against other people's readers."""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Iterable

import pyarrow as pa
from deltalake import DeltaTable

import dataset
import delta
from check import Differences, check_partitions, check_readers_agree
from logs import NotReadable
from reference import COLUMNS, PARTITIONS

# By path below the dataset: size, time of modification, and what stands for the content.
Stored = dict[str, tuple[int, int, bytes]]


class Keeper:
    """A dataset, and the program by which it is looked after."""

    def __init__(self, trailhouse: str, root: Path, differences: Differences) -> None:
        self.trailhouse = trailhouse
        self.root = root
        self.differences = differences

    def copy(self, name: str) -> "Keeper":
        """The same dataset in another place, files' times included."""
        root = self.root.with_name(name)
        shutil.copytree(self.root, root)
        return Keeper(self.trailhouse, root, self.differences)

    # --- its commands

    def call(self, *line: str, code: int = 0) -> subprocess.CompletedProcess:
        """Runs the program, which must end with `code`."""
        command = [self.trailhouse, *line]
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
        if done.returncode != code:
            words = " ".join(line)[:120]
            raise NotReadable(f"{words}: ended with {done.returncode}, due is {code}: {done.stderr[:300]}")
        return done

    def run(self, command: str, *arguments: str, code: int = 0) -> subprocess.CompletedProcess:
        """Runs a command on the dataset, which must end with `code`."""
        return self.call(command, str(self.root), *arguments, code=code)

    def report(self, command: str, *flags: str, code: int = 0) -> dict[str, Any]:
        """What a command reports."""
        return json.loads(self.run(command, *flags, "--report", "json", code=code).stdout)

    def convert(self, sources: Iterable[str], *flags: str) -> dict[str, Any]:
        """Adds logs. Returns what the run reports."""
        flags = (*flags, "--allow-rejects", "--report", "json")
        return json.loads(self.call("convert", *sources, "--to", str(self.root), *flags).stdout)

    def query(self, sql: str, *flags: str) -> list[dict[str, Any]]:
        """The answer to a query."""
        lines = self.run("query", sql, "--format", "ndjson", *flags).stdout.split("\n")
        return [json.loads(line) for line in lines if line]

    # --- what lies there

    def log(self) -> delta.Log:
        """The log as it stands."""
        return delta.read_log(self.root)

    def delta(self, version: int | None = None) -> DeltaTable:
        """The table as deltalake reads it."""
        return DeltaTable(self.root, version=version)

    def stored(self) -> Stored:
        """All files."""
        files = (path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): fingerprint(path) for path in files}

    # --- what must hold after each step

    def note(self, step: str, faults: Iterable[str]) -> None:
        """Notes what is wrong after a step."""
        for fault in faults:
            self.differences.add(f"{step}: {fault}")

    def expect(self, step: str, what: str, found: Any, due: Any) -> None:
        """Notes a difference between two things that may be shown."""
        self.differences.compare(f"{step}, {what}", found, due)

    def expect_stored(self, step: str, due: Stored) -> None:
        """Nothing was made, changed or deleted."""
        found = self.stored()
        for path in sorted(found.keys() | due.keys()):
            if found.get(path) != due.get(path):
                change = "is new" if path not in due else "is gone" if path not in found else "was changed"
                self.differences.add(f"{step}: {path} {change}")

    def expect_findings(self, step: str, due: list[tuple[str, str]]) -> list[dict[str, Any]]:
        """`check` finds these faults of these files and nothing else. Returns them as it tells them."""
        report = self.report("check", code=1 if due else 0)
        found = sorted((finding["file"], finding["fault"]) for finding in report["findings"])
        self.expect(f"{step}, check", "findings", found, sorted(due))
        return report["findings"]

    def expect_clean(self, step: str) -> None:
        """`check` finds nothing wrong, and has read the files that the log names."""
        report, log = self.report("check"), self.log()
        self.expect(f"{step}, check", "findings", report["findings"], [])
        self.expect(f"{step}, check", "version", report["version"], log.versions[-1])
        self.expect(f"{step}, check", "files", report["files"], len(log.adds))
        self.expect(f"{step}, check", "bytes", report["bytes"], sum(add["size"] for add in log.adds.values()))

    def expect_log(self, step: str) -> None:
        """The log agrees with itself, with deltalake, and with the files that it names."""
        log = self.log()
        self.note(step, log.faults)
        self.note(step, delta.snapshot_faults(self.root, self.delta(), log))
        for path, add in log.adds.items():
            self.note(f"{step}: {path}", delta.add_faults(self.root / path, path, add))

    def expect_rows(self, step: str, due: pa.Table) -> None:
        """deltalake reads these rows, in both of its ways."""
        self.note(step, delta.reading_faults(self.delta(), due))

    def expect_directories(self, step: str, due: pa.Table) -> None:
        """The directories hold these rows and no others, to pyarrow and to DuckDB."""
        found = dataset.read_with_pyarrow(self.root)
        self.note(step, delta.rows_faults("pyarrow", delta.as_delta(found), due))
        duck = dataset.DuckDB(self.root)
        check_partitions(self.differences, f"{step}, DuckDB", duck.partitions(), dataset.partitions(due))
        check_readers_agree(self.differences, due, duck.read())


def fingerprint(path: Path) -> tuple[int, int, bytes]:
    """By what a file is told to be the one it was."""
    stat = path.stat()
    return (stat.st_size, stat.st_mtime_ns, hashlib.sha256(path.read_bytes()).digest())


def sizes(stored: Stored) -> int:
    """What all files take."""
    return sum(size for size, *_ in stored.values())


def commit(keeper: Keeper, operation: str, actions: list[tuple[str, Any]]) -> None:
    """Puts a version on top, written by hand."""
    version, now = keeper.log().versions[-1] + 1, time.time_ns() // 1_000_000
    lines = [("commitInfo", {"timestamp": now, "operation": operation, "operationParameters": {}}), *actions]
    text = "\n".join(json.dumps({kind: action}) for kind, action in lines)
    (keeper.root / "_delta_log" / f"{version:020}.json").write_text(text, "utf-8")


def with_all_columns(table: pa.Table) -> pa.Table:
    """The columns in their usual order, with nulls for those that are not there."""
    usual = dataset.no_rows().schema
    for name in usual.names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(table.num_rows, usual.field(name).type))
    return table.select([*COLUMNS, *PARTITIONS])


def main(doc: str, check: Callable[[str, list[str], Path, Differences], str]) -> int:
    """Prints one line if all agrees, and else what does not. `check` does all in a directory that goes afterwards."""
    parser = argparse.ArgumentParser(description=doc.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="logs to make datasets of")
    options = parser.parse_args()
    differences, summary = Differences(), "not all could be compared"
    with tempfile.TemporaryDirectory() as scratch:
        try:
            summary = check(options.trailhouse, options.sources, Path(scratch), differences)
        except NotReadable as error:
            differences.add(str(error))
        except (*dataset.READER_ERRORS, *delta.READER_ERRORS) as error:
            # Its text might quote a value.
            differences.add(f"a dataset cannot be read ({type(error).__name__})")
    differences.show()
    print(f"   {'FAILED' if differences.messages else 'ok'}: {summary}")
    return 1 if differences.messages else 0


if __name__ == "__main__":
    sys.exit("This is no check of its own; see maintenance.py, leftovers.py and evolution.py")
