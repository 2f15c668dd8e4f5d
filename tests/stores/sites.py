"""Where a case happens: a store, a proxy before it, a place on the disk. And what is to be true of every dataset there."""

import gzip
import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from buckets import Store
from proxy import Proxy
from trail import Done, Failed, Trailhouse, data_files, expect, expect_same, intents, overlapping_logs, reconcile

# Several tasks, and so several commits, of overlapping logs.
SMALL_TASKS = ["--commit-every", "14KiB"]
# Rejects are among the logs, and not what most cases are about.
ALLOW = "--allow-rejects"
# How often what is left to chance is tried, unless the environment says otherwise.
KILLS = int(os.environ.get("KILLS", "25"))
ROUNDS = int(os.environ.get("ROUNDS", "2"))

# Of the made-up trail, events of these services are enough here, and what is no event.
SERVICES = {f"{service}.amazonaws.com" for service in ("s3", "sts", "iam", "kinesis", "signin")}


@dataclass
class Site:
    """A store, the proxy before it, and a place on the disk to compare with. Its buckets are called after it."""

    name: str
    store: Store
    proxy: Proxy
    program: str
    scratch: Path
    fixtures: Path
    buckets: int = 0
    # Those of this case.
    made: list[str] = field(default_factory=list)
    known: "Clean | None" = None

    @property
    def trailhouse(self) -> Trailhouse:
        """The program, told to go through the proxy."""
        return Trailhouse(self.program, self.store.environment(self.proxy.endpoint))

    @property
    def reader(self) -> Trailhouse:
        """The program, told to go to the store itself: to look at what is there."""
        return Trailhouse(self.program, self.store.environment(f"http://127.0.0.1:{self.proxy.upstream}"))

    def begin(self) -> None:
        """A new case begins."""
        self.made.clear()
        self.proxy.reset()

    def bucket(self, objects: dict[str, bytes] | None = None) -> str:
        """A new bucket, with these objects."""
        self.buckets += 1
        bucket = f"{self.name}-{self.buckets:03}"
        self.store.create(bucket)
        self.made.append(bucket)
        for key, content in (objects or {}).items():
            self.store.put(bucket, key, content)
        return bucket

    def directory(self, objects: dict[str, bytes]) -> Path:
        """A new directory, with these files."""
        self.buckets += 1
        root = self.scratch / f"local-{self.buckets:03}"
        for key, content in objects.items():
            path = root / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return root

    def url(self, bucket: str, key: str = "") -> str:
        """An address in a bucket."""
        return f"{self.store.scheme}://{bucket}/{key}" if key else f"{self.store.scheme}://{bucket}"

    def trail(self) -> dict[str, bytes]:
        """The made-up trail of the fixtures, by keys, with the events of some services: all of its objects and rejects."""
        objects = {}
        for file in sorted((self.fixtures / "trail" / "AWSLogs").rglob("*.json.gz")):
            records = json.loads(gzip.decompress(file.read_bytes()))["Records"]
            kept = [r for r in records if not isinstance(r, dict) or r.get("eventSource") in SERVICES | {None}]
            content = json.dumps({"Records": kept}, ensure_ascii=False, separators=(",", ":"))
            objects[str(file.relative_to(self.fixtures / "trail"))] = gzip.compress(content.encode(), mtime=0)
        return objects

    def same_as_local(
        self, dataset: str, root: str, local: Path, files: Path, exports: bool = True, places: bool = True
    ) -> int:
        """Fails unless a dataset holds what a local one holds. Returns the number of rows."""
        program = self.reader
        rows = program.rows(dataset, places)
        expect_same("rows", rows, program.rows(str(local), places))
        if places:
            expect_same("origins", program.origins(dataset, root), program.origins(str(local), str(files)))
        expect_same("rejects", program.rejects(dataset, root), program.rejects(str(local), str(files)))
        if exports:
            expect_same("exported events", program.events(dataset), program.events(str(local)))
        return len(rows)

    def sound(self, dataset: str) -> dict[str, Any]:
        """What `trailhouse check` counts. Fails if it finds anything, or takes anything for a run's that goes on."""
        done = self.reader.run("check", dataset, "--report", "json")
        if done.code == 1 and not done.out:
            raise Failed(f"{dataset} cannot be checked: {done.messages}")
        expect(f"what `check` finds in {dataset}", done.report["findings"], [])
        done.exits(0)
        expect(f"files of {dataset} that are being written", done.report["in_progress"], 0)
        return done.report

    def all_sound(self) -> int:
        """Fails unless every dataset that this case has left is sound. Returns how many there are."""
        self.proxy.settle()
        datasets = []
        for bucket in self.made:
            roots = {key.split("/_delta_log/")[0] for key in self.store.listing(bucket) if "/_delta_log/" in key}
            datasets += [self.url(bucket, root) for root in sorted(roots)]
        for dataset in datasets:
            self.sound(dataset)
        return len(datasets)


@dataclass(frozen=True)
class State:
    """All that counts of a dataset of overlapping logs."""

    rows: list[str]
    rejects: list[str]
    files: list[str]

    @classmethod
    def of(cls, site: Site, bucket: str, logs: str) -> "State":
        """Fails if anything is left over, or lacks."""
        site.proxy.settle()
        dataset = site.url(bucket, "trail")
        files = data_files(site.store, bucket, "trail")
        expect("intents that are left", intents(site.store, bucket, "trail"), [])
        return cls(site.reader.rows(dataset), site.reader.rejects(dataset, site.url(logs)), files)

    def equals(self, expected: "State") -> None:
        """Fails unless it does."""
        self.holds(expected)
        expect_same("data files", self.files, expected.files)

    def holds(self, expected: "State") -> None:
        """Fails unless its rows and rejects are the same, in whichever files."""
        expect_same("rows", self.rows, expected.rows)
        expect_same("rejects", self.rejects, expected.rejects)

    def holds_rows_of(self, expected: "State") -> None:
        """Fails unless it does. Runs share the work as it comes: other data files, other copies of events."""
        expect_same("rows", without_places(self.rows), without_places(expected.rows))
        expect_same("rejects", self.rejects, expected.rejects)


def without_places(rows: list[str]) -> list[str]:
    """Rows as they are whichever copy of an event was there first."""
    return sorted(re.sub(r'"source_index":\d+', "", row) for row in rows)


@dataclass(frozen=True)
class Clean:
    """The overlapping logs, and what one run that nothing happens to makes of them, in how many seconds."""

    logs: str
    state: State
    seconds: float


def clean_run(site: Site) -> Clean:
    """Once for all cases, as none of them changes it."""
    if site.known is None:
        site.known = make_clean_run(site)
    return site.known


def make_clean_run(site: Site) -> Clean:
    """Also says by itself what must come of it."""
    logs, bucket = site.bucket(overlapping_logs()), site.bucket()
    done = site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), *SMALL_TASKS).exits(3)
    reconcile(done.report)
    state = State.of(site, bucket, logs)
    expect("rows of the clean run", len(state.rows), 980)
    expect("rejects of the clean run", len(state.rejects), 12)
    return Clean(logs, state, done.seconds)


def small_files(site: Site) -> str:
    """A bucket with a dataset of the overlapping logs, of several commits."""
    bucket = site.bucket()
    site.trailhouse.convert([site.url(clean_run(site).logs)], site.url(bucket, "trail"), *SMALL_TASKS).exits(3)
    return bucket


def visible(site: Site, dataset: str) -> int:
    """How many rows a query finds."""
    done = site.reader.run("query", dataset, "SELECT event_id FROM events", "--format", "ndjson").exits(0, 1)
    return len(done.out.splitlines()) if done.code == 0 else 0


def at_once(program: Trailhouse, runs: list[list[str]]) -> list[Done]:
    """Several runs at a time."""
    since = time.monotonic()
    started = [program.start(*args) for args in runs]
    return [program.finish(run, since) for run in started]
