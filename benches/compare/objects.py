"""Converts many tiny log objects with trailhouse: from disk, and from a store that takes a while for each call.

The store is a double of S3 on this machine (store.py), so it takes its share of the cores. What it gives by itself, to
a client that does nothing but ask, stands beside each figure; so does the most that the delay allows: each of so many
fetches waits that long. Where the three are close, trailhouse is not what is measured.

The dataset is written to disk. The report of each run must say that all objects and events came in.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Iterator, Optional

import tables
import trial
from command import add_common, finish, machine, numbers, positive
from errors import Failed
from inputs import Input, Recipe, prepare
from results import median
from store import BUCKET
from systems import US, systems
from trial import HERE, Cost

EXAMPLES = """\
examples:
  run objects                                              100,000 objects of some 2 kB, some ten minutes
  run objects --objects 5000 --rounds 1 --fetches 64       a first look

exit codes: 0 all came in, 1 some did not, or a run failed, 2 wrong usage"""
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
# Enough for a steady rate, few enough not to take longer than what they are compared with.
REQUESTS_ALONE = 20_000


@dataclass
class Way:
    """One way to bring the objects in, and what was measured of it."""

    title: str
    source: str
    options: "list[str]"
    costs: "list[Cost]" = field(default_factory=list)
    # Of a store: how many of its objects are asked for at a time, objects per second that it gives by itself, and how
    # long it worked for trailhouse.
    fetches: int = 0
    alone: "list[float]" = field(default_factory=list)
    store_cpu: "list[float]" = field(default_factory=list)

    def plain(self) -> "dict[str, Any]":
        """As JSON has it."""
        return {name: value for name, value in asdict(self).items() if name != "source"}


@dataclass(frozen=True)
class Store:
    """The double, as it runs."""

    process: "subprocess.Popen[str]"
    port: int

    def environment(self) -> "dict[str, str]":
        """What trailhouse must be told to get there."""
        return {
            **os.environ,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def cpu_seconds(self) -> float:
        """How long it has worked."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("utf-8")
        return sum(map(int, stat.rpartition(")")[2].split()[11:13])) / CLOCK_TICKS

    def alone(self, connections: int, logs: Input) -> float:
        """Objects per second that it gives to so many connections."""
        paths = [f"/{BUCKET}/{path.relative_to(logs.directory)}" for path in logs.logs.rglob("*.json.gz")]
        asked = min(len(paths), REQUESTS_ALONE)
        command = [sys.executable, str(HERE / "load.py"), str(self.port), str(connections), str(asked)]
        done = subprocess.run(command, input="\n".join(paths), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"load.py ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        return asked / float(done.stdout)


@contextmanager
def running_store(logs: Input, delay_ms: float) -> "Iterator[Store]":
    """The double with the log objects, until it is no longer needed."""
    command = [sys.executable, "-B", str(HERE / "store.py"), str(logs.directory), str(delay_ms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        output: "Optional[IO[str]]" = process.stdout
        assert output is not None
        port = output.readline()
        if not port:
            raise Failed("the double of a store does not start")
        yield Store(process, int(port))


def main() -> int:
    options, before = parse(), machine()
    recipe = Recipe(options.objects * options.events_per_object, options.seed, options.days, options.objects)
    try:
        logs = prepare(options.trailhouse, options.work, recipe)
        print(logs.line(), file=sys.stderr)
        with running_store(logs, options.delay_ms) as store:
            ways = [
                Way("disk", str(logs.logs), []),
                Way("disk, 1 thread", str(logs.logs), ["--threads", "1"]),
                *(
                    Way(f"store, {count} fetches", f"s3://{BUCKET}/AWSLogs", ["--fetches", str(count)], fetches=count)
                    for count in options.fetches
                ),
            ]
            for turn in range(options.rounds):
                for way in ways:
                    take_turn(way, store, logs, options)
                    print(f"round {turn + 1}: {way.title}: {way.costs[-1].wall_seconds:.2f} s", file=sys.stderr)
    except (Failed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    us = systems(options.trailhouse)[US]
    facts = [
        *before,
        f"{us.title}: {us.version()}",
        f"input: {logs.line()}; an object has {logs.gzip_bytes / logs.objects:,.0f} bytes on average",
        f"store: {options.delay_ms:g} ms for each call",
        f"medians of {options.rounds} rounds (least–most)",
    ]
    costs = ["seconds", "objects/s", "events/s", "CPU seconds", "peak MiB"]
    head = ["from", *costs, "most by delay, objects/s", "store alone, objects/s", "CPU seconds of the store"]
    rows = [row(way, logs, options.delay_ms / 1000) for way in ways]
    report = ["# Many tiny objects", "", *(f"* {fact}" for fact in facts), "", *tables.table(head, rows)]
    finish(options, report, {"facts": facts, "ways": [way.plain() for way in ways]})
    return 0


def take_turn(way: Way, store: Store, logs: Input, options: argparse.Namespace) -> None:
    """Brings all objects in once."""
    target = options.work / "output"
    shutil.rmtree(target, ignore_errors=True)
    if way.fetches:
        way.alone.append(store.alone(way.fetches, logs))
    else:
        logs.warm()
    os.sync()
    before = store.cpu_seconds()
    command = [str(options.trailhouse), "convert", way.source, "--to", str(target), "--report", "json", *way.options]
    cost, printed = trial.measured(command, store.environment())
    way.costs.append(cost)
    if way.fetches:
        way.store_cpu.append(store.cpu_seconds() - before)
    shutil.rmtree(target)
    report = json.loads(printed)
    found = report["objects"]["converted"], report["events"]["written"]
    if found != (logs.objects, logs.events):
        raise Failed(f"{way.title}: {found[0]:,} objects and {found[1]:,} events came in of {logs.line()}")


def row(way: Way, logs: Input, delay: float) -> "list[str]":
    wall = [cost.wall_seconds for cost in way.costs]
    return [
        way.title,
        tables.spread(wall),
        f"{logs.objects / median(wall):,.0f}",
        f"{logs.events / median(wall):,.0f}",
        tables.spread([cost.cpu_seconds for cost in way.costs]),
        tables.spread([cost.peak_bytes for cost in way.costs], 0, 2**20),
        f"{way.fetches / delay:,.0f}" if way.fetches and delay else "",
        f"{median(way.alone):,.0f}" if way.alone else "",
        tables.spread(way.store_cpu),
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run objects", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--objects", type=positive, default=100_000, metavar="N", help="how many log objects [100000]")
    add("--events-per-object", type=positive, default=6, metavar="N", help="on average; six make about 2 kB [6]")
    add("--days", type=positive, default=3, metavar="N", help="over how many days [3]")
    add("--seed", type=int, default=1, metavar="S", help="the same seed makes the same events [1]")
    add("--fetches", type=numbers, default=[16, 64, 256], metavar="N,...", help="objects fetched at a time [16,64,256]")
    add("--delay-ms", type=float, default=30, metavar="MS", help="how long the store takes for each call [30]")
    add("--rounds", type=positive, default=3, metavar="N", help="how often the ways take turns [3]")
    return add_common(parser)


if __name__ == "__main__":
    sys.exit(main())
