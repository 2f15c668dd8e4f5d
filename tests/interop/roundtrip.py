#!/usr/bin/env python3
"""Checks that `trailhouse export` gives back the events that `trailhouse convert` was given.

    roundtrip.py --trailhouse FILE SOURCE...

Converts the sources, exports the dataset in both forms, and compares the events of the logs with the exported ones as
a bag of JSON values: numbers by their text, repeated keys in their order, lone surrogates as they are, the order of
keys left aside. Needs nothing but the standard library. Values are never printed, for logs may hold secrets.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from typing import Any

from jsontext import DECODER, Number, Pairs, plain
from logs import NotReadable, read, records
from reference import expect

SHOWN = 8


def events(paths: list[str]) -> list[Any]:
    """All events of the log objects."""
    return [record.found.value for record in records(read(paths)) if record.is_event]


def strict(value: Any) -> tuple:
    """A JSON value, comparable and hashable, with all that it says and without the order of its keys."""
    if isinstance(value, Pairs):
        # Sorting is stable: members of one name stay in their order.
        return ("object", *((key, strict(member)) for key, member in sorted(value, key=lambda pair: pair[0])))
    if isinstance(value, list):
        return ("array", *map(strict, value))
    if isinstance(value, Number):
        return ("number", value.text)
    return (type(value).__name__, value)


def run(*command: str) -> str:
    """What a command prints. Its messages are ours, should it fail."""
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise NotReadable(f"{command[1]} ended with {done.returncode}: {done.stderr[:300]}")
    return done.stdout


class Differences(list):
    """What did not agree."""

    def compare(self, what: str, found: int, due: int) -> None:
        """Notes a difference of two counts."""
        if found != due:
            self.append(f"{what}: {found}, due is {due}")


def compare_bags(differences: Differences, due: list[Any], found: list[Any]) -> None:
    """No event was a duplicate: exactly those that went in come out."""
    due, found = Counter(map(strict, due)), Counter(map(strict, found))
    differences.compare("events that came back changed or not at all", (due - found).total(), 0)
    differences.compare("exported events that were in no log", (found - due).total(), 0)


def compare_copies(differences: Differences, due: list[Any], found: list[Any], duplicates: int) -> None:
    """Some were duplicates: of each event exactly one copy comes out, and it is one of those that went in."""
    copies = defaultdict(list)
    for event in due:
        copies[expect(plain(event)).key()].append(strict(event))
    differences.compare("duplicates", duplicates, len(due) - len(copies))
    met: Counter = Counter()
    for event in found:
        key = expect(plain(event)).key()
        met[key] += 1
        if strict(event) not in copies.get(key, []):
            differences.append("an exported event is none of the copies that were in the logs")
    for key in copies.keys() | met.keys():
        differences.compare("copies of one event", met[key], 1)


def check(trailhouse: str, sources: list[str], differences: Differences) -> str:
    """Goes there and back. Returns a line about what was compared."""
    due = events(sources)
    with tempfile.TemporaryDirectory() as scratch:
        dataset, files = f"{scratch}/dataset", f"{scratch}/files"
        convert = [trailhouse, "convert", "--report", "json", "--allow-rejects"]
        report = json.loads(run(*convert, *sources, "--to", dataset))["events"]
        exported = []
        if report["written"]:
            run(trailhouse, "export", dataset, "--to", files)
            exported = events([files])
            lines = run(trailhouse, "export", dataset, "--to", "-", "--format", "ndjson").split("\n")[:-1]
            if [strict(DECODER.decode(line)) for line in lines] != [*map(strict, exported)]:
                differences.append("the exported lines are not the events of the exported files")
            again = json.loads(run(*convert, files, "--to", f"{scratch}/again"))["events"]
            for name, count in [("written", report["written"]), ("duplicates", 0), ("rejected", 0)]:
                differences.compare(f"converted again, events {name}", again[name], count)

    differences.compare("events exported", len(exported), report["written"])

    if report["duplicates"]:
        compare_copies(differences, due, exported, report["duplicates"])
    else:
        compare_bags(differences, due, exported)
    return f"{len(exported)} events came back, {report['duplicates']} were duplicates"


def main() -> int:
    """Tells the differences; exits with 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("sources", nargs="+", help="log objects, or directories of them")
    options = parser.parse_args()
    differences = Differences()
    try:
        summary = check(options.trailhouse, options.sources, differences)
    except NotReadable as error:
        print(f"   FAILED: {error}")
        return 1
    for difference, times in list(Counter(differences).items())[:SHOWN]:
        print(f"   differs: {difference}" + (f" ({times} times)" if times > 1 else ""))
    print(f"   {summary}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
