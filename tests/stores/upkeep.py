"""The cases about `compact` and `vacuum`: by themselves, killed, and at the same time as others."""

import random
import subprocess
from collections import Counter
from dataclasses import dataclass
from typing import Any

from sites import KILLS, ROUNDS, SMALL_TASKS, Clean, Site, State, at_once, clean_run, small_files
from trail import (
    Failed,
    data_files,
    delta_rows,
    expect,
    expect_same,
    intents,
    listed_files,
    listed_rows,
    logged_files,
    overlapping_logs,
)

VACUUM = ["--retention", "0s", "--force"]


def compact(site: Site, dataset: str) -> dict[str, Any]:
    """Brings small files together. Fails unless as many rows are in fewer files."""
    report = site.trailhouse.run("compact", dataset, "--report", "json").exits(0).report
    expect("rows written, against those replaced", report["written"]["rows"], report["replaced"]["rows"])
    expect("copies left out", report["duplicates"], 0)
    return report


def vacuum(site: Site, dataset: str) -> dict[str, Any]:
    """Deletes all that the latest version does not need."""
    return site.trailhouse.run("vacuum", dataset, *VACUUM, "--report", "json").exits(0).report


def in_company(files: list[str]) -> list[str]:
    """Files that are not alone in their partitions."""
    count = Counter(name.rpartition("/")[0] for name in files)
    return [name for name in files if count[name.rpartition("/")[0]] > 1]


def fewest_files(site: Site, bucket: str) -> int:
    """A file for each partition. Fails if there are more."""
    files = logged_files(site.store, bucket, "trail")
    partitions = {name.rpartition("/")[0] for name in files}
    expect("data files, against partitions", len(files), len(partitions))
    return len(files)


def nothing_left(site: Site, bucket: str) -> None:
    """Fails unless the bucket's data files are the log's, nobody claims to work, and no earlier version has left
    anything."""
    data_files(site.store, bucket, "trail")
    expect("intents that are left", intents(site.store, bucket, "trail"), [])
    expect("files of earlier versions", site.sound(site.url(bucket, "trail"))["leftovers"], 0)


def compact_and_vacuum(site: Site) -> str:
    """Whatever is brought together and deleted: each reader sees the same rows, before and after."""
    clean = clean_run(site)
    bucket, rows = small_files(site), clean.state.rows
    dataset = site.url(bucket, "trail")
    events = site.reader.events(dataset)
    seen = delta_rows(site.store, bucket, "trail")
    expect_same("rows by pyarrow, against those by deltalake", listed_rows(site.store, bucket, "trail"), seen)
    before, files = site.store.listing(bucket), listed_files(site.store, bucket, "trail")
    small = in_company(files)
    version = site.sound(dataset)["version"]

    dry = site.trailhouse.run("compact", dataset, "--dry-run", "--report", "json").exits(0).report
    expect("files a dry run would replace", dry["replaced"]["count"], len(small))
    expect("files of the bucket after a dry run", site.store.listing(bucket), before)
    report = compact(site, dataset)
    expect("files replaced", report["replaced"]["count"], len(small))
    merged = logged_files(site.store, bucket, "trail")
    expect("files written, by the report", report["written"]["count"], len(set(merged) - set(files)))
    fewest_files(site, bucket)
    expect_same("rows after compact", site.reader.rows(dataset), rows)
    expect_same("events after compact", site.reader.events(dataset), events)
    expect_same("rows after compact, by deltalake", delta_rows(site.store, bucket, "trail"), seen)
    expect_same("files in the bucket after compact", listed_files(site.store, bucket, "trail"), sorted({*files, *merged}))
    earlier = ["query", dataset, "SELECT event_id FROM events", "--format", "ndjson", "--version", str(version)]
    expect("rows of the version before", len(site.reader.run(*earlier).exits(0).out.splitlines()), len(rows))

    before = site.store.listing(bucket)
    kept = site.trailhouse.run("vacuum", dataset, "--report", "json").exits(0).report
    expect("data files deleted within the retention", kept["data_files"], 0)
    dry = site.trailhouse.run("vacuum", dataset, *VACUUM, "--dry-run", "--report", "json").exits(0).report
    expect("files of the bucket after a dry run", site.store.listing(bucket), before)
    report = vacuum(site, dataset)
    expect("what vacuum did, against what it said it would", report, dry)
    expect("data files deleted", report["data_files"], len(small))
    nothing_left(site, bucket)
    expect_same("files in the bucket after vacuum", listed_files(site.store, bucket, "trail"), merged)
    expect_same("rows after vacuum", site.reader.rows(dataset), rows)
    expect_same("rows after vacuum, by deltalake", delta_rows(site.store, bucket, "trail"), seen)
    expect_same("rows after vacuum, by pyarrow", listed_rows(site.store, bucket, "trail"), seen)
    site.reader.run(*earlier).exits(1)

    before = site.store.listing(bucket)
    again = site.trailhouse.convert([site.url(clean.logs)], dataset, *SMALL_TASKS).exits(0).report
    expect("objects known after all that", again["objects"]["skipped_by_reason"], {"known": 12})
    expect("files that a second compact replaces", compact(site, dataset)["replaced"]["count"], 0)
    expect("data files that a second vacuum deletes", vacuum(site, dataset)["data_files"], 0)
    expect("files of the bucket after doing it all again", site.store.listing(bucket), before)
    return f"{len(rows)} rows in {len(files)} files, then in {len(merged)}"


@dataclass(frozen=True)
class Step:
    """A run that is to be killed after some seconds, if it lasts that long."""

    command: str
    seconds: float

    def run(self, site: Site, args: list[str]) -> bool:
        """Whether it was killed. Fails if it ends by itself in an unseemly way."""
        run = site.trailhouse.start(*args)
        try:
            _, messages = run.communicate(timeout=self.seconds)
        except subprocess.TimeoutExpired:
            run.kill()
            run.communicate()
            return True
        finally:
            # What it had asked for by then happens.
            site.proxy.settle()
        # There may be no dataset yet.
        if run.returncode not in ((0, 3) if self.command == "convert" else (0, 1)):
            raise Failed(f"{self} ended with exit code {run.returncode}: {messages}")
        return False


def killed(site: Site, kills: int = KILLS) -> str:
    """Runs of `convert`, `compact` and `vacuum` that are killed, in any order, are simply run again."""
    clean = clean_run(site)
    bucket = small_files(site)
    dataset = site.url(bucket, "trail")
    lasting = {
        "convert": clean.seconds,
        "compact": site.trailhouse.run("compact", dataset).exits(0).seconds,
        "vacuum": site.trailhouse.run("vacuum", dataset, *VACUUM).exits(0).seconds,
    }
    files, chance, done, rounds = fewest_files(site, bucket), random.Random(kills), 0, 0
    while done < kills:
        bucket = site.bucket()
        dataset = site.url(bucket, "trail")
        args = {
            "convert": ["convert", site.url(clean.logs), "--to", dataset, *SMALL_TASKS],
            "compact": ["compact", dataset],
            "vacuum": ["vacuum", dataset, *VACUUM],
        }
        names = chance.choices(list(args), [4, 4, 1], k=8)
        steps = [Step(name, lasting[name] * chance.uniform(0, 1.1)) for name in names]
        try:
            done += sum(step.run(site, args[step.command]) for step in steps)
            site.trailhouse.run(*args["convert"]).exits(0, 3)
            site.trailhouse.run(*args["compact"]).exits(0)
            site.sound(dataset)
            vacuum(site, dataset)
            State.of(site, bucket, clean.logs).holds(clean.state)
            expect("data files", fewest_files(site, bucket), files)
            nothing_left(site, bucket)
        except Failed as failure:
            raise Failed(f"killed in {', '.join(map(str, steps))}: {failure}") from failure
        rounds += 1
    return f"{done} kills in {rounds} rounds: {len(clean.state.rows)} rows in {files} files, each time"


def together(site: Site, rounds: int = ROUNDS) -> str:
    """Two runs of `compact` and one of `convert` at once: what each is about does not change what the others make."""
    clean, said = clean_run(site), []
    for _ in range(rounds):
        said.append(one_round(site, clean))
    return "; ".join(said)


def one_round(site: Site, clean: Clean) -> str:
    """Half of the logs are in when the three runs begin."""
    logs = overlapping_logs()
    keys = sorted(logs)
    source, bucket = site.bucket({key: logs[key] for key in keys[: len(keys) // 2]}), site.bucket()
    dataset = site.url(bucket, "trail")
    convert = ["convert", site.url(source), "--to", dataset, "--report", "json", *SMALL_TASKS]
    site.trailhouse.run(*convert).exits(3)
    for key in keys[len(keys) // 2 :]:
        site.store.put(source, key, logs[key])
    compaction = ["compact", dataset, "--report", "json"]
    first, second, third = at_once(site.trailhouse, [compaction, compaction, convert])
    replaced = [run.exits(0).report["replaced"]["count"] for run in (first, second)]
    converted = third.exits(3).report["objects"]["converted"]
    expect("objects converted beside compact", converted, len(keys) - len(keys) // 2)
    site.sound(dataset)
    site.trailhouse.run(*convert).exits(0)
    compact(site, dataset)
    vacuum(site, dataset)
    found = State.of(site, bucket, source)
    found.holds(clean.state)
    fewest_files(site, bucket)
    nothing_left(site, bucket)
    return f"{replaced[0]} and {replaced[1]} files replaced while {converted} objects came in"
