"""Converts the same log objects to the same Parquet partitions with trailhouse and its peers, in turn.

Every system is run as a whole command, in a fresh process, into an empty directory, with the log objects in the
system's cache; peers/ says how each was tuned. Once a system is done, pyarrow counts the rows of each partition, which
must be those that plain Python finds in the log objects, and the values of each field.

  seconds      of the whole command, as a user waits for it: median (least–most)
  work alone   what a peer says of itself: without starting and importing, which for Spark is most of a short run
  CPU seconds  of all processes of the command; peak MiB: of all at once. measure.py says how
  MB, all MB   data files; and with logs, checksums and marks
  payloads     whether the text of payloads is kept byte for byte, or numbers and blanks are rewritten
  values       of all documented fields, by the footers of the data files
"""

import argparse
import shutil
import sys
import time
from dataclasses import asdict
from pathlib import Path

import payload
import tables
import trial
from command import add_common, finish, machine, names, positive
from errors import Failed
from expected import Expected, expect
from floor import COMMAND, Floor, floors
from inputs import Input, Recipe, prepare
from outputs import check, lacking, look
from results import Result
from systems import System, systems
from targets import verdicts

# For five seconds ext4 does not use an inode again that was deleted, and looks at each of them whenever a file is made: the next
# system would pay for what the one before it has written.
FORGETTING_SECONDS = 6
ALL_EQUAL = "All hold the same rows in the same partitions."
EXAMPLES = """\
examples:
  run convert                                                     all systems, 200,000 events, five rounds
  run target/release/trailhouse convert --events 10000 --rounds 1 --floor ''               a first look
  run convert --systems trailhouse,duckdb --rounds 15 --out convert.md --json convert.json

exit codes: 0 all outputs are equal, 1 some are not, or something failed, 2 wrong usage. Missed targets are told, and
change nothing."""


def main() -> int:
    options, before = parse(), machine()
    chosen = [system for name, system in systems(options.trailhouse).items() if name in options.systems]
    faults: "list[str]" = []
    try:
        versions = [f"{system.title}: {system.version()}" for system in chosen]
        recipe = Recipe(options.events, options.seed, options.days, options.files)
        logs = prepare(options.trailhouse, options.work, recipe)
        expected = expect(logs)
        print(logs.line(), file=sys.stderr)
        results = compare(chosen, logs, expected, options, faults)
        found = floors_of(logs, options, faults)
    except (Failed, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    told = list(verdicts(results, found))
    facts = [*before, *versions, f"input: {logs.line()}"]
    report = [
        "# Conversion, side by side",
        "",
        *(f"* {fact}" for fact in facts),
        "",
        *tables.figures(results),
        "",
        *tables.ratios(results),
        "",
        *(tables.floor_table(found) if found else []),
        "",
        "## Targets",
        "",
        *(f"* {verdict}" for verdict in told),
        "",
        "## Outputs",
        "",
        *(f"* {remark}" for remark in [*faults, *tables.losses(results)] or [ALL_EQUAL]),
    ]
    measured = {
        "facts": facts,
        "input": logs.plain(),
        "systems": {name: result.plain() for name, result in results.items()},
        "floors": [asdict(floor) for floor in found],
        "verdicts": told,
        "faults": faults,
    }
    finish(options, report, measured)
    return 1 if faults else 0


def compare(
    chosen: "list[System]", logs: Input, expected: Expected, options: argparse.Namespace, faults: "list[str]"
) -> "dict[str, Result]":
    """All rounds. A system that fails takes no further part."""
    results: "dict[str, Result]" = {}
    for system in chosen:
        try:
            results[system.name] = Result(system, payload.is_kept(system, options.work))
        except Failed as error:
            faults.append(f"{system.title}: {error}")
    for turn in range(options.rounds):
        for result in list(results.values()):
            if turn >= result.system.most_rounds:
                continue
            try:
                take_turn(result, logs, expected, options.work / "output")
            except Failed as error:
                faults.append(f"{result.system.title}: {error}")
                del results[result.system.name]
            else:
                print(f"round {turn + 1}: {result.system.title}: {result.wall[-1]:.2f} s", file=sys.stderr)
    return results


def floors_of(logs: Input, options: argparse.Namespace, faults: "list[str]") -> "list[Floor]":
    """The floors, if they are wanted and can be measured: all else has been measured by now."""
    try:
        return floors(options.floor, logs.logs) if options.floor else []
    except Failed as error:
        faults.append(str(error))
        return []


def take_turn(result: Result, logs: Input, expected: Expected, target: Path) -> None:
    """One conversion, and a look at what came of it."""
    logs.warm()
    cost = trial.convert(result.system, logs.logs, target)
    output = look(target)
    shutil.rmtree(target)
    time.sleep(FORGETTING_SECONDS)
    check(output, expected)
    result.costs.append(cost)
    result.output = output
    result.lacking = lacking(output, expected)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="run convert", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = list(systems(Path()))
    add = parser.add_argument
    add("--events", type=positive, default=200_000, metavar="N", help="how many events [200000]")
    add("--files", type=positive, default=0, metavar="N", help="in how many log objects [one for 1000 events]")
    add("--days", type=positive, default=3, metavar="N", help="over how many days [3]")
    add("--seed", type=int, default=1, metavar="S", help="the same seed makes the same events [1]")
    add("--systems", type=names(known), default=known, metavar="S,...", help=f"of {', '.join(known)} [all]")
    add(
        "--rounds", type=positive, default=5, metavar="N", help="how often all take turns, slow ones at most thrice [5]"
    )
    add(
        "--floor",
        default=COMMAND,
        metavar="COMMAND",
        help=f"what tells the floors of a directory, '' for none [{COMMAND}]",
    )
    return add_common(parser)


if __name__ == "__main__":
    sys.exit(main())
