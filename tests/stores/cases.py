"""The cases. Each takes a `Site` and fails with `Failed`, or returns a line about what was compared."""

import gzip
import json
import random
import shutil
import signal
import subprocess
import time
from datetime import datetime, timedelta

from proxy import Faults
from sites import ALLOW, KILLS, ROUNDS, SMALL_TASKS, Site, State, at_once, clean_run, visible
from trail import (
    Failed,
    Trailhouse,
    data_files,
    event,
    expect,
    expect_same,
    intents,
    listed_files,
    log_object,
    reconcile,
)


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
    Trailhouse(site.program, {}).run("generate", "--events", "5000", "--days", "2", "--seed", "3", "--to", str(made))
    lines = []
    for file in sorted(made.rglob("*.json.gz")):
        records = json.loads(gzip.decompress(file.read_bytes())).get("Records", [])
        lines += [json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records]
    # Longer than compression makes short: the gzip file is to be larger than what is read whole, too.
    salt = random.Random(1)
    for at, line in enumerate(lines):
        record = json.loads(line)
        record["additionalEventData"] = {"salt": salt.randbytes(5600).hex()}
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


def pages(site: Site) -> str:
    """Listings that come in pages of a few keys, of the logs and of the dataset."""
    # A third of the objects lies beside the directories of the others.
    trail = enumerate(site.trail().items())
    objects = {key if number % 3 else key.rpartition("/")[2]: content for number, (key, content) in trail}
    logs, other = site.bucket(objects), site.bucket()
    files, dataset = site.directory(objects), site.url(other, "trail")
    site.proxy.page = 3
    site.trailhouse.convert([site.url(logs)], dataset, *SMALL_TASKS).exits(3)
    again = site.trailhouse.convert([site.url(logs)], dataset, *SMALL_TASKS).exits(0).report
    expect("objects known the second time", again["objects"]["skipped_by_reason"], {"known": len(objects)})
    found = site.trailhouse.run("check", dataset, "--report", "json").exits(0).report
    site.proxy.page = None
    expect("files found in pages", found["files"], len(data_files(site.store, other, "trail")))
    local = site.scratch / f"dataset-{logs}"
    site.trailhouse.convert([str(files)], str(local)).exits(3)
    rows = site.same_as_local(dataset, site.url(logs), local, files, exports=False)
    lists = len(site.proxy.lists_of(logs)) + len(site.proxy.lists_of(other))
    return f"{lists} pages, {rows} rows"


def markers(site: Site) -> str:
    """Empty objects that stand for directories are no log objects, wherever they are."""
    objects = site.trail()
    day = next(iter(objects)).rpartition("/")[0]
    levels = ["AWSLogs/", "/".join(day.split("/")[:3]) + "/", day + "/", "AWSLogs/empty/"]
    logs, root = site.bucket(objects | dict.fromkeys(levels, b"")), site.directory(objects)
    expect("markers in the bucket", sum(key.endswith("/") for key in site.store.listing(logs)), len(levels))
    said = []
    for key in ("", "AWSLogs", "AWSLogs/", day, f"{day}/", "AWSLogs/**"):
        bucket = site.bucket()
        dataset, local = site.url(bucket, "trail"), site.scratch / f"dataset-{bucket}"
        # As some tools make them before they write to a place.
        site.store.put(bucket, "trail/", b"")
        try:
            report = site.trailhouse.convert([site.url(logs, key)], dataset, ALLOW).exits(0).report
            reconcile(report)
            expected = site.trailhouse.convert([f"{root}/{key}"], str(local), ALLOW).exits(0).report
            expect("objects", report["objects"], expected["objects"])
            expect("events", report["events"], expected["events"])
            again = site.trailhouse.convert([site.url(logs, key)], dataset).exits(0).report
            known = again["objects"]["skipped_by_reason"]
            expect("objects known the second time", known, {"known": expected["objects"]["listed"]})
        except Failed as failure:
            raise Failed(f"{site.url(logs, key)}: {failure}") from failure
        said.append(f"{report['objects']['listed']} of {site.url('bucket', key)}")
    return f"{len(levels)} markers: objects are {', '.join(said)}"


def hierarchy(site: Site) -> str:
    """An Azure account with a hierarchical namespace has directories, which answer like empty blobs: who names one means
    what is below. (Azurite's listings do not tell them from blobs, so only events are counted.)"""
    objects = site.trail()
    logs, root = site.bucket(objects), site.directory(objects)
    site.store.put_directory(logs, "AWSLogs")
    local = site.trailhouse.convert([str(root)], str(site.scratch / f"dataset-{logs}"), ALLOW).exits(0).report
    said = []
    for key in ("", "AWSLogs/", "AWSLogs"):
        dataset = site.url(site.bucket(), "trail")
        report = site.trailhouse.convert([site.url(logs, key)], dataset, ALLOW).exits(0).report
        expect(f"events of {site.url(logs, key)}", report["events"], local["events"])
        said.append(f"{report['events']['read']} events of {site.url('bucket', key)}")
    return ", ".join(said)


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


def killed(site: Site, kills: int = max(KILLS // 3, 1)) -> str:
    """A run that is killed is simply run again."""
    clean = clean_run(site)
    logs, expected, whole = clean.logs, clean.state, clean.seconds
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


def half_way(site: Site) -> str:
    """The first run that there is, when it has written some of its files and committed none: a query finds nothing. Neither
    while it goes on, nor when it was killed."""
    logs, bucket = site.bucket(site.trail()), site.bucket()
    dataset = site.url(bucket, "trail")
    # What lies there already when the run is stopped: its last request is still to be done.
    run = site.trailhouse.start("convert", site.url(logs), "--to", dataset)
    while run.poll() is None and sum(request.writes_data for request in site.proxy.requests) < 5:
        time.sleep(0.001)
    try:
        run.send_signal(signal.SIGSTOP)
        site.proxy.settle()
        files = len(listed_files(site.store, bucket, "trail"))
        expect("versions committed when it was stopped", [k for k in site.store.listing(bucket) if "/_delta_log/" in k], [])
        while_it_lasts = visible(site, dataset)
    finally:
        run.kill()
        run.communicate()
    site.proxy.settle()
    when_killed = visible(site, dataset)
    report = site.trailhouse.convert([site.url(logs)], dataset).exits(3).report
    expect("rows in the end", visible(site, dataset), report["events"]["written"])
    data_files(site.store, bucket, "trail")
    expect(f"rows found, with {files} data files there, while the run goes on", while_it_lasts, 0)
    expect(f"rows found, with {files} data files there, when it was killed", when_killed, 0)
    return f"{files} data files there, no rows, until there are {report['events']['written']}"


def together(site: Site) -> str:
    """Several runs at once, over the same logs and over logs with events in common."""
    clean = clean_run(site)
    logs, expected = clean.logs, clean.state
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
        numbers = {(part, n): range(n * 75 + part * 20, n * 75 + part * 20 + 100) for part in range(count) for n in range(4)}
        parts = {f"{part}/{n}.json.gz": log_object(events) for (part, n), events in numbers.items()}
        source, bucket = site.bucket(parts), site.bucket()
        runs = [
            ["convert", site.url(source, f"{part}/"), "--to", site.url(bucket, "trail"), "--report", "json", *SMALL_TASKS]
            for part in range(count)
        ]
        reports = [done.exits(0).report for done in at_once(site.trailhouse, runs)]
        state = State.of(site, bucket, source)
        ids = [json.loads(row)["event_id"] for row in state.rows]
        expect(f"events that {count} runs wrote twice", len(ids) - len(set(ids)), 0)
        expect(f"events of {count} runs over overlapping logs", len(ids), len(set().union(*numbers.values())))
        written = [report["events"]["written"] for report in reports]
        expect("events written, by the reports", sum(written), len(ids))
        said.append("+".join(map(str, written)))
    return f"events written by each: {', '.join(said)}"


def faults(site: Site, kinds: list[str], share: float = 0.1, rounds: int = ROUNDS) -> str:
    """Requests fail, and the runs do not. What a run has done that does fail is at least not in the way of the next."""
    clean = clean_run(site)
    logs, expected = clean.logs, clean.state
    failures, said = [], []
    for seed in range(rounds):
        bucket = site.bucket()
        injected = site.proxy.faults = Faults(seed, share, kinds)
        since = time.monotonic()
        try:
            done = site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), *SMALL_TASKS)
            site.proxy.faults = None
            if done.code == 1:
                failures.append(f"seed {seed}, {dict(injected.done)}: {done.said}")
                site.trailhouse.convert([site.url(logs)], site.url(bucket, "trail"), *SMALL_TASKS).exits(0, 3)
            else:
                reconcile(done.exits(3).report)
                expect("events written, by the report", done.report["events"]["written"], len(expected.rows))
            State.of(site, bucket, logs).equals(expected)
        except Failed as failure:
            failures.append(f"seed {seed}, {dict(injected.done)}: {failure}")
        finally:
            site.proxy.faults = None
        said.append(f"seed {seed}: {sum(injected.done.values())} in {time.monotonic() - since:.1f} s")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} of {rounds} runs", *failures]))
    return "; ".join(said)


def faults_together(site: Site, rounds: int = ROUNDS) -> str:
    """Two runs at once, with faults."""
    clean = clean_run(site)
    logs, expected = clean.logs, clean.state
    failures, said = [], []
    for seed in range(rounds):
        bucket = site.bucket()
        args = ["convert", site.url(logs), "--to", site.url(bucket, "trail"), "--report", "json", *SMALL_TASKS]
        injected = site.proxy.faults = Faults(seed, 0.05)
        try:
            done = at_once(site.trailhouse, [args] * 2)
            site.proxy.faults = None
            failed = [run for run in done if run.code == 1]
            failures += [f"seed {seed}, {dict(injected.done)}: {run.said}" for run in failed]
            if failed:
                done.append(site.trailhouse.run(*args))
            for run in done:
                run.exits(0, 3, *([] if run not in failed else [1]))
            State.of(site, bucket, logs).holds_rows_of(expected)
        except Failed as failure:
            failures.append(f"seed {seed}, {dict(injected.done)}: {failure}")
        finally:
            site.proxy.faults = None
        said.append(f"seed {seed}: {sum(injected.done.values())}")
    if failures:
        raise Failed("\n   ".join([f"{len(failures)} runs", *failures]))
    return "; ".join(said)
