"""Measures what an event costs trailhouse, from few events to many.

Log objects are made for each size, converted in a fresh process, as often as --rounds says, and deleted again; made-up
trails get longer with their events, as real ones do, for --events-per-day stays the same. The rows of the data files
must be the events. Beside trailhouse nothing is measured, and nothing else should run.
"""

import argparse
import shutil
import sys
from dataclasses import asdict

import tables
import trial
from command import add_common, finish, machine, numbers, positive
from errors import Failed
from inputs import Input, Recipe, prepare
from outputs import look
from results import median
from systems import US, System, systems
from trial import Cost

EXAMPLES = """\
examples:
  run scaling                                   10,000 to 10,000,000 events: an hour or less, and 3 GB of disk at a time
  run scaling --events 5000,20000 --rounds 1    a first look

exit codes: 0 all events came out, 1 some did not, or a run failed, 2 wrong usage"""
SIZES = "10000,100000,1000000,10000000"


def main() -> int:
    options, before = parse(), machine()
    system = systems(options.trailhouse)[US]
    rows, measured = [], []
    try:
        for events in options.events:
            days = max(events // options.events_per_day, 1)
            logs = prepare(options.trailhouse, options.work, Recipe(events, options.seed, days))
            print(logs.line(), file=sys.stderr)
            costs, files = convert(system, logs, options)
            rows.append(row(logs, days, costs, files))
            measured.append({"events": logs.events, "files": files, "costs": [asdict(cost) for cost in costs]})
            shutil.rmtree(logs.directory)
    except (Failed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    facts = [*before, f"{system.title}: {system.version()}", f"medians of {options.rounds} rounds"]
    head = ["events", "days", "objects", "JSON MB", "files", "seconds", "events/s", "CPU µs/event", "peak MiB"]
    report = ["# What an event costs", "", *(f"* {fact}" for fact in facts), "", *tables.table(head, rows)]
    finish(options, report, {"facts": facts, "sizes": measured})
    return 0


def convert(system: System, logs: Input, options: argparse.Namespace) -> "tuple[list[Cost], int]":
    """What all rounds cost, and how many files came of them."""
    target, costs, files = options.work / "output", [], 0
    for turn in range(options.rounds):
        logs.warm()
        costs.append(trial.convert(system, logs.logs, target))
        output = look(target)
        shutil.rmtree(target)
        if sum(output.rows.values()) != logs.events:
            raise Failed(f"{sum(output.rows.values()):,} rows came of {logs.events:,} events")
        files = output.files
        print(f"round {turn + 1}: {costs[-1].wall_seconds:.2f} s", file=sys.stderr)
    return costs, files


def row(logs: Input, days: int, costs: "list[Cost]", files: int) -> "list[str]":
    wall = [cost.wall_seconds for cost in costs]
    cpu = [cost.cpu_seconds for cost in costs]
    return [
        f"{logs.events:,}",
        str(days),
        f"{logs.objects:,}",
        f"{logs.json_bytes / 1e6:,.0f}",
        f"{files:,}",
        tables.spread(wall),
        f"{logs.events / median(wall):,.0f}",
        tables.spread(cpu, 1, logs.events / 1e6),
        tables.spread([cost.peak_bytes for cost in costs], 0, 2**20),
    ]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run scaling", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--events", type=numbers, default=numbers(SIZES), metavar="N,...", help=f"how many events [{SIZES}]")
    add("--events-per-day", type=positive, default=100_000, metavar="N", help="so many on each day [100000]")
    add("--seed", type=int, default=1, metavar="S", help="the same seed makes the same events [1]")
    add("--rounds", type=positive, default=3, metavar="N", help="how often each size is converted [3]")
    return add_common(parser)


if __name__ == "__main__":
    sys.exit(main())
