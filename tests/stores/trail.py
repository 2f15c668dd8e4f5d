"""Runs trailhouse, and looks at what is in a dataset afterwards."""

import gzip
import io
import json
import os
import random
import re
import subprocess
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq
from buckets import Store
from deltalake import DeltaTable

# What is not done after so many seconds will never be: nothing here takes more than a few.
LONGEST = 600


class Failed(Exception):
    """A check that failed, in words."""


def expect(name: str, found: object, expected: object) -> None:
    """Fails unless both are equal."""
    if found != expected:
        raise Failed(f"{name}: {shorten(found)}, expected {shorten(expected)}")


def expect_same(name: str, found: list[Any], expected: list[Any]) -> None:
    """Fails unless two lists are equal; says where they differ."""
    if found == expected:
        return
    lacking = [item for item in expected if item not in found][:2]
    extra = [item for item in found if item not in expected][:2]
    raise Failed(
        f"{name}: {len(found)}, expected {len(expected)}; lacking {shorten(lacking)}; too many {shorten(extra)}"
    )


def shorten(value: object) -> str:
    """A value on one line."""
    text = str(value).replace("\n", " | ")
    return text if len(text) <= 600 else text[:600] + "..."


@dataclass
class Done:
    """A run that has ended."""

    code: int
    out: str
    messages: str
    seconds: float

    @property
    def report(self) -> dict[str, Any]:
        """The JSON report."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise Failed(f"exit code {self.code} and no report: {self.said}") from error

    @property
    def said(self) -> str:
        """What it said on stderr of itself: not of rejects, and without what libraries log."""
        lines = [line for line in self.messages.splitlines() if not re.match(r"trailhouse: reject|\d{4}-\d\d-\d\dT", line)]
        return shorten(" | ".join(line for line in lines if line.strip()) or "no message")

    def exits(self, *codes: int) -> "Done":
        """Fails unless the exit code is one of these."""
        if self.code not in codes:
            raise Failed(f"exit code {self.code}, expected {codes}: {self.said}")
        return self


class Trailhouse:
    """The program, and the environment it finds its stores with."""

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        self.program = program
        kept = ("PATH", "TMPDIR", "LANG", "RUST_BACKTRACE", "RUST_LOG")
        self.environment = {name: os.environ[name] for name in kept if name in os.environ}
        self.environment |= {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}
        self.environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"} | environment

    def start(self, *args: str) -> subprocess.Popen[str]:
        """Starts a run."""
        return subprocess.Popen(
            [self.program, *args],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def finish(self, run: subprocess.Popen[str], since: float) -> Done:
        """Waits for a run."""
        try:
            out, messages = run.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired as error:
            run.kill()
            _, messages = run.communicate()
            raise Failed(f"hangs: not done after {LONGEST} s: {run.args}: {shorten(messages)}") from error
        return Done(run.returncode, out, messages, time.monotonic() - since)

    def run(self, *args: str) -> Done:
        """A run, to its end."""
        since = time.monotonic()
        return self.finish(self.start(*args), since)

    def convert(self, sources: list[str], to: str, *flags: str) -> Done:
        """Converts, with a report in JSON."""
        return self.run("convert", *sources, "--to", to, "--report", "json", *flags)

    def rows(self, dataset: str, places: bool = True) -> list[str]:
        """All rows, sorted, without what differs from store to store. And without their places in their objects, where
        it is open which copy of an event was there first."""
        sql = f"SELECT * EXCEPT (source_object{', source_index' if places is False else ''}) FROM events"
        return sorted(self.run("query", dataset, sql, "--format", "ndjson").exits(0).out.splitlines())

    def origins(self, dataset: str, root: str) -> list[tuple[str, str]]:
        """Which event came from which object, by its name below `root`."""
        sql = "SELECT event_id, source_object FROM events"
        lines = self.run("query", dataset, sql, "--format", "ndjson").exits(0).out.splitlines()
        rows = [json.loads(line) for line in lines]
        return sorted((row["event_id"], below(row["source_object"], root)) for row in rows)

    def rejects(self, dataset: str, root: str) -> list[str]:
        """All rejects, by the names of their objects below `root`. Ids are made of whole names."""
        done = self.run("rejects", dataset, "list", "--all", "--format", "ndjson").exits(0)
        rejects = [json.loads(line) for line in done.out.splitlines()]
        for reject in rejects:
            reject.pop("id")
            reject["object"] = below(reject["object"], root)
        return sorted(json.dumps(reject, sort_keys=True) for reject in rejects)

    def events(self, dataset: str) -> list[str]:
        """What export gives back."""
        return sorted(self.run("export", dataset, "--to", "-", "--format", "ndjson").exits(0).out.splitlines())


def below(name: str, root: str) -> str:
    """A name relative to `root`, which it must begin with."""
    if not name.startswith(root):
        raise Failed(f"{name} is not below {root}")
    return name[len(root) :].lstrip("/")


def reconcile(report: dict[str, Any]) -> None:
    """Fails unless everything in a report adds up."""
    objects, events = report["objects"], report["events"]
    read = events["written"] + events["duplicates"] + events["rejected"]
    expect("read, against what became of it", read, events["read"])
    listed = objects["converted"] + objects["skipped"] + objects["failed"]
    expect("objects listed, against what became of them", listed, objects["listed"])
    expect("failed objects", objects["failed"], 0)


def without_attempt(name: str) -> str:
    """The name of a data file without the number of the attempt."""
    return re.sub(r"-\d+-(\d+\.parquet)$", r"-\1", name)


def listed_files(store: Store, bucket: str, dataset: str) -> list[str]:
    """What readers of directories take for data: Parquet files in a bucket that lie below a dataset."""
    keys = [below(key, dataset) for key in store.listing(bucket) if key.startswith(f"{dataset}/")]
    return sorted(k for k in keys if k.endswith(".parquet") and not k.startswith("_"))


def logged_files(store: Store, bucket: str, dataset: str) -> list[str]:
    """The data files of a Delta log in a bucket: by deltalake, and by the JSON of the log, which fails unless it says the
    same."""
    keys = [below(key, dataset) for key in store.listing(bucket) if key.startswith(f"{dataset}/")]
    plain: set[str] = set()
    with tempfile.TemporaryDirectory() as directory:
        for key in sorted(k for k in keys if k.startswith("_delta_log/")):
            content = store.get(bucket, f"{dataset}/{key}")
            path = Path(directory) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            if re.fullmatch(r"_delta_log/\d{20}\.json", key):
                for action in map(json.loads, content.decode().splitlines()):
                    if "add" in action:
                        plain.add(unquote(action["add"]["path"]))
                    if "remove" in action:
                        plain.discard(unquote(action["remove"]["path"]))
        table = DeltaTable(directory)
        delta = sorted(unquote(path) for path in table.get_add_actions(flatten=True)["path"].to_pylist())
    expect_same("data files of the log by deltalake, against those of its JSON", delta, sorted(plain))
    return delta


def data_files(store: Store, bucket: str, dataset: str) -> list[str]:
    """The data files of a dataset in a bucket, by names that are the same for the same work. Fails unless they are those of
    its Delta log."""
    found = listed_files(store, bucket, dataset)
    expect_same("data files in the bucket, against those of the log", found, logged_files(store, bucket, dataset))
    return sorted(without_attempt(name) for name in found)


def listed_rows(store: Store, bucket: str, dataset: str) -> list[str]:
    """The rows of all data files in a bucket, as pyarrow reads them one by one."""
    return rows_of(
        pq.read_table(io.BytesIO(store.get(bucket, f"{dataset}/{name}")), partitioning=None)
        for name in listed_files(store, bucket, dataset)
    )


def delta_rows(store: Store, bucket: str, dataset: str) -> list[str]:
    """The rows of a dataset, as deltalake reads them from the bucket itself."""
    table = DeltaTable(f"{store.scheme}://{bucket}/{dataset}", storage_options=store.delta_options())
    return rows_of([table.to_pyarrow_table().drop_columns(["date", "service", "region"])])


def rows_of(tables: Iterable[pa.Table]) -> list[str]:
    """Rows as texts, sorted."""
    return sorted(json.dumps(row, sort_keys=True, default=str) for table in tables for row in table.to_pylist())


def intents(store: Store, bucket: str, dataset: str) -> list[str]:
    """What is left below _trailhouse/intents. The mark of an attempt that was cleared away stays by design."""
    prefix = f"{dataset}/_trailhouse/intents/"
    return [k for k in store.listing(bucket) if k.startswith(prefix) and not k.endswith(".abandoned")]


def event(number: int, service: str, region: str) -> dict[str, Any]:
    """A made-up event. The same number makes the same."""
    day, hour, minute, second = number // 86400 + 1, number // 3600 % 24, number // 60 % 60, number % 60
    choice = random.Random(number)
    return {
        "eventVersion": "1.08",
        "userIdentity": {"type": "IAMUser", "accountId": "111122223333", "userName": f"user{number % 7}"},
        "eventTime": f"2025-03-{day:02}T{hour:02}:{minute:02}:{second:02}Z",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": f"Get{service}",
        "awsRegion": region,
        "sourceIPAddress": f"198.51.100.{number % 250}",
        "requestParameters": {"bucketName": f"bucket-{number % 10}", "n": number},
        "responseElements": None,
        "requestID": f"{choice.getrandbits(128):032x}",
        "eventID": str(uuid.UUID(int=choice.getrandbits(128))),
        "readOnly": True,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": "111122223333",
        "eventCategory": "Management",
    }


def log_object(numbers: range, reject: int | None = None) -> bytes:
    """A log object of made-up events, and of something that is none."""
    places = [("s3", "us-east-1"), ("ec2", "eu-west-1")]
    records: list[Any] = [event(n * 97, *places[n % 2]) for n in numbers]
    if reject is not None:
        records.append({"no event": reject})
    return gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)


def overlapping_logs() -> dict[str, bytes]:
    """Twelve objects with events in common, and a reject in each: 980 events, 12 rejects."""
    return {f"{n:02}.json.gz": log_object(range(n * 80, n * 80 + 100), n) for n in range(12)}
