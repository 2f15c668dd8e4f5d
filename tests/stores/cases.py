"""The cases. Each takes a `Site` and fails with `Failed`, or returns a line about what was compared."""

import gzip
import json
import random
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from buckets import Store
from proxy import Faults, Proxy
from trail import (
    Done,
    Failed,
    Trailhouse,
    data_files,
    event,
    expect,
    expect_same,
    intents,
    log_object,
    overlapping_logs,
    reconcile,
)

SMALL_TASKS = ["--commit-every", "12KiB"]
# Rejects are among the logs, and not what most cases are about.
ALLOW = "--allow-rejects"


@dataclass
class Site:
    """A store, the proxy before it, and a place on the disk to compare with."""

    store: Store
    proxy: Proxy
    program: str
    scratch: Path
    fixtures: Path
    buckets: int = 0

    @property
    def trailhouse(self) -> Trailhouse:
        """The program, told to go through the proxy."""
        return Trailhouse(self.program, self.store.environment(self.proxy.endpoint))

    @property
    def reader(self) -> Trailhouse:
        """The program, told to go to the store itself: to look at what is there."""
        return Trailhouse(self.program, self.store.environment(f"http://127.0.0.1:{self.proxy.upstream}"))

    def bucket(self, objects: dict[str, bytes] | None = None) -> str:
        """A new bucket, with these objects."""
        self.buckets += 1
        bucket = f"bucket-{self.buckets:03}"
        self.store.create(bucket)
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
        """The made-up trail of the fixtures, by keys."""
        files = sorted((self.fixtures / "trail" / "AWSLogs").rglob("*.json.gz"))
        return {str(file.relative_to(self.fixtures / "trail")): file.read_bytes() for file in files}

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


def same_as_local(site: Site) -> str:
    """A trail in one bucket, its dataset in another."""
    objects = site.trail()
    logs, other = site.bucket(objects), site.bucket()
    files = site.directory(objects)
    local = site.scratch / f"dataset-{logs}"
    dataset = site.url(other, "trail")
    report = site.trailhouse.convert([site.url(logs)], dataset).exits(3).report
    reconcile(report)
    expected = site.trailhouse.convert([str(files)], str(local)).exits(3).report
    for part in ("objects", "events", "look_alikes", "input"):
        expect(part, report[part], expected[part])
    rows = site.same_as_local(dataset, site.url(logs), local, files)
    count = len(data_files(site.store, other, "trail"))
    expect("files written, by the report", report["files"]["written"], count)
    expect("intents", intents(site.store, other, "trail"), [])

    before = site.store.listing(other)
    site.proxy.requests.clear()
    again = site.trailhouse.convert([site.url(logs)], dataset).exits(0).report
    expect("objects known the second time", again["objects"]["skipped_by_reason"], {"known": len(objects)})
    expect("events read the second time", again["events"]["read"], 0)
    changed = {key for key in before.keys() | site.store.listing(other).keys()}
    after = site.store.listing(other)
    changed = {key for key in changed if before.get(key) != after.get(key)}
    expect("objects of the dataset that the second run changed", changed, set())
    return f"{rows} rows, {count} data files, {len(objects)} objects known the second time"


def changed_and_new(site: Site) -> str:
    """An object gets other content, and another comes."""
    objects = site.trail()
    logs, other = site.bucket(objects), site.bucket()
    dataset = site.url(other, "trail")
    site.trailhouse.convert([site.url(logs)], dataset).exits(3)
    key = next(iter(objects))
    # JSON within events is kept as it is written, so what is there stays as it is.
    content = gzip.decompress(objects[key]).rstrip().removesuffix(b"]}")
    content += b"," + json.dumps(event(1, "s3", "us-east-1")).encode() + b"]}"
    objects[key] = gzip.compress(content, mtime=0)
    site.store.put(logs, key, objects[key])
    report = site.trailhouse.convert([site.url(logs)], dataset, ALLOW).exits(0).report
    reconcile(report)
    expect("changed objects", report["objects"]["changed"], 1)
    expect("objects converted", report["objects"]["converted"], 1)
    expect("events written", report["events"]["written"], 1)
    objects["AWSLogs/new.json.gz"] = log_object(range(1000, 1010))
    site.store.put(logs, "AWSLogs/new.json.gz", objects["AWSLogs/new.json.gz"])
    report = site.trailhouse.convert([site.url(logs)], dataset, ALLOW).exits(0).report
    expect("changed objects, when one was new", report["objects"]["changed"], 0)
    expect("events written of a new object", report["events"]["written"], 10)
    data_files(site.store, other, "trail")
    local, files = site.scratch / f"dataset-{logs}", site.directory(objects)
    site.trailhouse.convert([str(files)], str(local)).exits(3)
    # Of copies of an event, the one that came first has stayed.
    return f"{site.same_as_local(dataset, site.url(logs), local, files, places=False)} rows"


def admitted(prefix: str, since: datetime | None, account: str | None, region: str | None) -> bool:
    """Whether anything below a prefix may be asked for, by what the names say. From 2022 on a region's folder holds
    that region's events only; before, it could hold others', so what lies right below it has to be looked at."""
    parts = prefix.strip("/").split("/")
    if account and len(parts) > 1 and parts[1] != account:
        return False
    if region and len(parts) > 4 and parts[3] != region and parts[4] >= "2022":
        return False
    if since and len(parts) > 6:
        # Clocks may disagree by an hour.
        return datetime(*map(int, parts[4:7])) + timedelta(days=1, hours=1) > since
    return True


def pruning(site: Site) -> str:
    """What a filter leaves out by its name is not even listed."""
    objects = site.trail()
    logs = site.bucket(objects)
    files = site.directory(objects)
    since, account, region = datetime(2025, 3, 2, 2), "111122223333", "us-west-2"
    places = {""} | {key[: at + 1] for key in objects for at, char in enumerate(key) if char == "/"}
    said = []
    for wanted in (
        {},
        {"since": since},
        {"account": account},
        {"region": region},
        {"since": since, "account": account, "region": region},
    ):
        flags = [f"--{name}={v.isoformat() + 'Z' if isinstance(v, datetime) else v}" for name, v in wanted.items()]
        expected = sorted(p for p in places if admitted(p, *(wanted.get(n) for n in ("since", "account", "region"))))
        name = " ".join(flags) or "no filter"
        dataset, local = site.url(site.bucket(), "trail"), site.scratch / f"dataset-{site.buckets}"
        site.proxy.requests.clear()
        report = site.trailhouse.convert([site.url(logs)], dataset, ALLOW, *flags).exits(0).report
        reconcile(report)
        expect_same(f"places listed with {name}", sorted(site.proxy.lists_of(logs)), expected)
        site.trailhouse.convert([str(files)], str(local), ALLOW, *flags).exits(0)
        rows = site.same_as_local(dataset, site.url(logs), local, files, exports=False)
        said.append(f"{len(expected)} lists for {rows} rows ({name})")
    return "; ".join(said)


def addresses(site: Site) -> str:
    """Patterns, single objects, prefixes."""
    objects = site.trail()
    logs = site.bucket(objects)
    root = site.directory(objects)
    single = next(key for key in objects if "/us-east-1/" in key)
    cases = {
        "a pattern": "AWSLogs/*/CloudTrail/us-east-1/**",
        "a pattern in a name": "AWSLogs/**/*_20250302T*.json.gz",
        "a single object": single,
        "a prefix": "AWSLogs/111122223333",
        "a prefix and a slash": "AWSLogs/111122223333/",
    }
    said = []
    for name, key in cases.items():
        dataset, local = site.url(site.bucket(), "trail"), site.scratch / f"dataset-{site.buckets}"
        try:
            report = site.trailhouse.convert([site.url(logs, key)], dataset, ALLOW).exits(0).report
            reconcile(report)
            expected = site.trailhouse.convert([f"{root}/{key}"], str(local), ALLOW).exits(0).report
            expect("objects converted", report["objects"]["converted"], expected["objects"]["converted"])
            rows = site.same_as_local(dataset, site.url(logs), local, root, exports=False)
            if not rows:
                raise Failed("nothing was compared")
        except Failed as failure:
            raise Failed(f"{name}, {key}: {failure}") from failure
        said.append(f"{name}: {rows} rows")
    # Half a name is no prefix: it would take in accounts nobody asked for.
    done = site.trailhouse.convert([site.url(logs, "AWSLogs/1111")], site.url(site.bucket(), "trail"))
    if done.code == 0 and done.report["events"]["read"]:
        raise Failed("half a directory's name was taken for all that begins like it")
    return "; ".join(said)


def large_objects(site: Site) -> str:
    """Objects that are read in pieces, as they come."""
    made = site.scratch / "generated"
    Trailhouse(site.program, {}).run("generate", "--events", "36000", "--days", "2", "--seed", "3", "--to", str(made))
    lines = []
    for file in sorted(made.rglob("*.json.gz")):
        records = json.loads(gzip.decompress(file.read_bytes())).get("Records", [])
        lines += [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records]
    # Longer than compression makes short: the gzip file is to be larger than what is read whole, too.
    salt = random.Random(1)
    for at, line in enumerate(lines):
        record = json.loads(line)
        record["additionalEventData"] = {"salt": salt.randbytes(400).hex()}
        lines[at] = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    half = len(lines) // 20
    plain = "\n".join(lines[: half * 9]).encode()
    packed = gzip.compress("\n".join(lines[half * 5 :]).encode(), 1, mtime=0)
    shutil.rmtree(made)
    for name, content in (("plain", plain), ("gzip", packed)):
        if len(content) <= 16 << 20:
            raise Failed(f"the object {name} is not large: {len(content)} bytes")
    objects = {"large/plain.json": plain, "large/packed.json.gz": packed}
    logs, root = site.bucket(objects), site.directory(objects)
    dataset, local = site.url(site.bucket(), "trail"), site.scratch / f"dataset-{site.buckets}"
    report = site.trailhouse.convert([site.url(logs, "large")], dataset).exits(0).report
    reconcile(report)
    site.trailhouse.convert([str(root)], str(local)).exits(0)
    rows = site.same_as_local(dataset, site.url(logs), local, root, exports=False)
    return f"{len(plain)} bytes plain, {len(packed)} bytes of gzip: {rows} rows"


ODD_KEYS = [
    "odd/a b.json",
    "odd/a+b.json",
    "odd/100%.json",
    "odd/a%20b.json",
    "odd/a%2Fb.json",
    "odd/ü/日本語.json",
    "odd/what?.json",
    "odd/x#y.json",
    "odd/[x].json",
    "odd/a=b&c.json",
    "odd/~'(!),;:@$.json",
    "odd/.hidden/_x.json",
]


def odd_keys(site: Site) -> str:
    """Keys that must be escaped somewhere."""
    objects = {
        key: gzip.decompress(log_object(range(n * 10, n * 10 + 10), n)) for n, key in enumerate(ODD_KEYS)
    }
    logs, root = site.bucket(objects), site.directory(objects)
    dataset, local = site.url(site.bucket(), "trail"), site.scratch / f"dataset-{site.buckets}"
    report = site.trailhouse.convert([site.url(logs)], dataset, ALLOW).exits(0).report
    expect("objects converted", report["objects"]["converted"], len(objects))
    site.trailhouse.convert([str(root)], str(local), ALLOW).exits(0)
    rows = site.same_as_local(dataset, site.url(logs), local, root)
    again = site.trailhouse.convert([site.url(logs)], dataset).exits(0).report
    expect("objects known the second time", again["objects"]["skipped"], len(objects))
    for key in ODD_KEYS:
        # In a pattern, brackets are escaped by brackets.
        typed = site.url(logs, key.replace("[x]", "[[]x]"))
        report = site.trailhouse.convert([typed], site.url(site.bucket(), "trail"), ALLOW).exits(0).report
        expect(f"events of {typed}", report["events"]["written"], 10)
    return f"{len(objects)} keys, together and each by its name: {rows} rows"


def odd_datasets(site: Site) -> str:
    """Datasets whose names must be escaped somewhere."""
    logs = site.bucket({"a.json.gz": log_object(range(10))})
    names, failures = ["a b", "a+b", "é", "x#y", "x?y", "100%", "[x]", "a=b&c"], []
    for name in names:
        odd = site.url(site.bucket(), f"{name}/trail")
        try:
            site.trailhouse.convert([site.url(logs)], odd).exits(0)
            expect("rows", len(site.reader.rows(odd)), 10)
            again = site.trailhouse.convert([site.url(logs)], odd).exits(0).report
            expect("objects known the second time", again["objects"]["skipped"], 1)
        except Failed as failure:
            failures.append(f"{odd}: {failure}")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} of {len(names)}", *failures]))
    return ", ".join(names)


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
        expect_same("rows", self.rows, expected.rows)
        expect_same("rejects", self.rejects, expected.rejects)
        expect_same("data files", self.files, expected.files)

    def holds_rows_of(self, expected: "State") -> None:
        """Fails unless it does. Runs share the work as it comes: other data files, other copies of events."""
        expect_same("rows", without_places(self.rows), without_places(expected.rows))
        expect_same("rejects", self.rejects, expected.rejects)


def without_places(rows: list[str]) -> list[str]:
    """Rows as they are whichever copy of an event was there first."""
    return sorted(re.sub(r'"source_index":\d+', "", row) for row in rows)


def clean_run(site: Site) -> tuple[str, State, float]:
    """The overlapping logs, and what one run that nothing happens to makes of them, in how many seconds."""
    logs, bucket = site.bucket(overlapping_logs()), site.bucket()
    done = site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), *SMALL_TASKS).exits(3)
    reconcile(done.report)
    state = State.of(site, bucket, logs)
    expect("rows of the clean run", len(state.rows), 980)
    expect("rejects of the clean run", len(state.rejects), 12)
    return logs, state, done.seconds


def killed(site: Site, kills: int = 25) -> str:
    """A run that is killed is simply run again."""
    logs, expected, whole = clean_run(site)
    moments, done = random.Random(kills), 0
    while done < kills:
        bucket = site.bucket()
        args = ["convert", site.url(logs), "--to", site.url(bucket, "trail"), *SMALL_TASKS]
        when = [whole * moments.uniform(0, 1.1) for _ in range(moments.randint(1, 3))]
        for moment in when:
            run = site.trailhouse.start(*args)
            try:
                run.communicate(timeout=moment)
            except subprocess.TimeoutExpired:
                run.kill()
                run.communicate()
                done += 1
            # What it had asked for by then happens.
            site.proxy.settle()
        try:
            site.trailhouse.run(*args).exits(0, 3)
            State.of(site, bucket, logs).equals(expected)
        except Failed as failure:
            raise Failed(f"killed after {[f'{moment:.3f}' for moment in when]} s of {whole:.3f}: {failure}") from failure
    return f"{done} kills in runs of {whole:.2f} s: {len(expected.rows)} rows, {len(expected.files)} data files"


def together(site: Site) -> str:
    """Several runs at once, over the same logs and over logs with events in common."""
    logs, expected, _ = clean_run(site)
    said = []
    for count in (2, 4):
        bucket = site.bucket()
        args = ["convert", site.url(logs), "--to", site.url(bucket, "trail"), "--report", "json", *SMALL_TASKS]
        reports = [done.exits(0, 3).report for done in at_once(site.trailhouse, [args] * count)]
        State.of(site, bucket, logs).holds_rows_of(expected)
        written = [report["events"]["written"] for report in reports]
        expect(f"events written by {count} runs over the same logs", sum(written), len(expected.rows))
        said.append("+".join(map(str, written)))
    for count in (2, 4):
        parts = {
            f"{part}/{n}.json.gz": log_object(range(n * 150 + part * 40, n * 150 + part * 40 + 200))
            for part in range(count)
            for n in range(6)
        }
        source, bucket = site.bucket(parts), site.bucket()
        runs = [
            ["convert", site.url(source, f"{part}/"), "--to", site.url(bucket, "trail"), "--report", "json", *SMALL_TASKS]
            for part in range(count)
        ]
        reports = [done.exits(0).report for done in at_once(site.trailhouse, runs)]
        state = State.of(site, bucket, source)
        ids = [json.loads(row)["event_id"] for row in state.rows]
        expect(f"events that {count} runs wrote twice", len(ids) - len(set(ids)), 0)
        events = {n for part in range(count) for k in range(6) for n in range(k * 150 + part * 40, k * 150 + part * 40 + 200)}
        expect(f"events of {count} runs over overlapping logs", len(ids), len(events))
        written = [report["events"]["written"] for report in reports]
        expect("events written, by the reports", sum(written), len(events))
        said.append("+".join(map(str, written)))
    return f"events written by each: {', '.join(said)}"


def at_once(program: Trailhouse, runs: list[list[str]]) -> list[Done]:
    """Several runs at a time."""
    since = time.monotonic()
    started = [program.start(*args) for args in runs]
    return [program.finish(run, since) for run in started]


def faults(site: Site, kinds: list[str], seeds: range, share: float) -> str:
    """Requests fail, and the runs do not."""
    logs, expected, _ = clean_run(site)
    failures, said = [], []
    for seed in seeds:
        bucket = site.bucket()
        injected = site.proxy.faults = Faults(seed, share, kinds)
        since = time.monotonic()
        try:
            done = site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), *SMALL_TASKS)
            site.proxy.faults = None
            done.exits(3)
            State.of(site, bucket, logs).equals(expected)
            reconcile(done.report)
            expect("events written, by the report", done.report["events"]["written"], len(expected.rows))
        except Failed as failure:
            failures.append(f"seed {seed}, {dict(injected.done)}: {failure}")
        finally:
            site.proxy.faults = None
        said.append(f"seed {seed}: {sum(injected.done.values())} in {time.monotonic() - since:.1f} s")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} of {len(seeds)} runs", *failures]))
    return "; ".join(said)


def faults_together(site: Site) -> str:
    """Two runs at once, with faults."""
    logs, expected, _ = clean_run(site)
    for seed in range(3):
        bucket = site.bucket()
        args = ["convert", site.url(logs), "--to", site.url(bucket, "trail"), "--report", "json", *SMALL_TASKS]
        injected = site.proxy.faults = Faults(seed, 0.05)
        try:
            done = at_once(site.trailhouse, [args] * 2)
            site.proxy.faults = None
            for run in done:
                run.exits(0, 3)
            State.of(site, bucket, logs).holds_rows_of(expected)
        except Failed as failure:
            raise Failed(f"seed {seed}, {dict(injected.done)}: {failure}") from failure
        finally:
            site.proxy.faults = None
    return "3 seeds"


# What a user waits for a message at most, in seconds.
PATIENCE = 15


def errors(site: Site) -> str:
    """What a user gets wrong: the message says what, and nothing is written."""
    logs, bucket = site.bucket(overlapping_logs()), site.bucket()
    keys = site.store.environment(site.proxy.endpoint)
    no_keys = {name: keys[name] for name in ("AWS_ENDPOINT_URL", "AWS_REGION")}
    config, credentials = site.scratch / "aws-config", site.scratch / "aws-credentials"
    config.write_text(
        "[profile asking]\nsso_session = corp\nsso_account_id = 111122223333\nsso_role_name = Reader\n\n"
        "[sso-session corp]\nsso_region = us-east-1\nsso_start_url = https://example.com/start\n\n"
        f"[profile keys]\nregion = us-east-1\nendpoint_url = {site.proxy.endpoint}\n"
    )
    credentials.write_text("[keys]\naws_access_key_id = testing\naws_secret_access_key = testing\n")
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    good, to = site.url(logs), site.url(bucket, "trail")
    missing = site.url("no-such-bucket")
    # Its name, the environment, source, dataset, and what the message has to name.
    cases = [
        ("missing source bucket", keys, missing, to, ["no-such-bucket", "NoSuchBucket"]),
        ("missing dataset bucket", keys, good, f"{missing}/trail", ["no-such-bucket", "NoSuchBucket"]),
        ("missing object", keys, site.url(logs, "nothing/here.json.gz"), to, ["nothing/here.json.gz"]),
        ("nothing listens, at the source", keys | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, good, to, ["127.0.0.1:9"]),
        ("no such profile", no_keys | files | {"AWS_PROFILE": "absent"}, good, to, ["absent", "AWS_PROFILE"]),
        ("a profile that asks", no_keys | files | {"AWS_PROFILE": "asking"}, good, to, ["asking", "aws configure"]),
    ]
    failures = []
    for name, environment, source, dataset, words in cases:
        before = site.store.listing(bucket)
        program = Trailhouse(site.program, environment)
        try:
            done = program.convert([source], dataset)
            said = f"{done.messages.strip() or 'no message'} (exit code {done.code}, {done.seconds:.1f} s)"
            lacking = [word for word in words if word not in done.messages]
            if done.code != 1 or lacking or done.seconds > PATIENCE:
                raise Failed(f"does not say {lacking}: {said}" if lacking else said)
            expect("objects written", sorted(site.store.listing(bucket).keys() - before.keys()), [])
        except Failed as failure:
            failures.append(f"{name}: {failure}")
    program = Trailhouse(site.program, files | {"AWS_PROFILE": "keys"})
    done = program.convert([good], to, ALLOW)
    if done.code != 0:
        failures.append(f"a profile with keys: exit code {done.code}: {done.messages}")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} of {len(cases) + 1}", *failures]))
    return f"{len(cases)} mistakes, and a profile that works"
