#!/usr/bin/env python3
"""Checks that of a damaged log object the healthy events are converted, and all else is kept byte for byte.

    damaged.py --trailhouse FILE --events N --rejects N OBJECT

Finds the healthy events by trying to read JSON from each brace on. What lies between them must be the rejects: each
begins where an event of the same writer would begin, and ends before the comma or the brackets that follow it.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import dataset
from containers import standing
from jsontext import DECODER

Stretch = tuple[int, int]
OBJECT = re.compile(r"\{")
WRAPPER = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"Records"[ \t\r\n]*:[ \t\r\n]*\[')
# What follows an event in its list, and what closes the list.
CLOSING = re.compile(r"[ \t\r\n]*\][ \t\r\n]*\}[ \t\r\n]*\Z")
SEPARATORS = " \t\r\n,"


def healthy(text: str) -> list[Stretch]:
    """Where the events are that can be read."""
    found: list[Stretch] = []
    for brace in OBJECT.finditer(text):
        if found and brace.start() < found[-1][1]:
            continue
        try:
            value, end = DECODER.raw_decode(text, brace.start())
        except ValueError:
            continue
        if standing(value) == "event":
            found.append((brace.start(), end))
    return found


def between(text: str, events: list[Stretch]) -> list[Stretch]:
    """The stretches between the events, parted where an event of the same writer would begin."""
    wrapper, closing = WRAPPER.match(text), CLOSING.search(text)
    start = wrapper.end() if wrapper else 0
    end = closing.start() if wrapper and closing else len(text)
    opening = first_member(text, events[0][0]) if events else None
    ends = [start, *(stop for _, stop in events)]
    stretches = []
    for gap in zip(ends, [*(begin for begin, _ in events), end]):
        braces = [brace.start() for brace in OBJECT.finditer(text, *gap)]
        cuts = [brace for brace in braces if opening and first_member(text, brace) == opening]
        for begin, stop in zip([gap[0], *cuts], [*cuts, gap[1]]):
            kept = text[begin:stop].strip(SEPARATORS)
            if kept:
                begin = text.index(kept, begin)
                stretches.append((begin, begin + len(kept)))
    return stretches


def first_member(text: str, at: int) -> str | None:
    """The name of the member by which the object there opens."""
    match = re.compile(r'\{[ \t\r\n]*"([^"]*)"').match(text, at)
    return match[1] if match else None


def check(options: argparse.Namespace) -> list[str]:
    """How what was converted departs from what should be."""
    content = options.object.read_bytes()
    text = content.decode("utf-8")
    bytes_before = lambda at: len(text[:at].encode("utf-8"))
    events = healthy(text)
    due = [(bytes_before(begin), text[begin:stop].encode("utf-8")) for begin, stop in between(text, events)]
    with tempfile.TemporaryDirectory() as scratch:
        command = [options.trailhouse, "convert", options.object, "--to", scratch, "--report", "json", "--allow-rejects"]
        done = subprocess.run(command, capture_output=True, check=True)
        counts = json.loads(done.stdout)["events"]
        kept = [(reject["byte_offset"], reject["raw"]) for reject in dataset.rejects(Path(scratch))]
    wrong = [
        f"{what}: {found}, due is {wanted}"
        for what, found, wanted in [
            ("events that Python finds healthy", len(events), options.events),
            ("events written", counts["written"], len(events)),
            ("rejects", counts["rejected"], options.rejects),
            ("places of rejects", [at for at, _ in kept], [at for at, _ in due]),
            ("lengths of rejects", [len(raw) for _, raw in kept], [len(raw) for _, raw in due]),
        ]
        if found != wanted
    ]
    if [raw for _, raw in kept] != [raw for _, raw in due]:
        wrong.append("rejects are not the bytes between the healthy events")
    return wrong


def main() -> int:
    """Tells what is wrong; exits with 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("--events", type=int, required=True, help="how many events are healthy")
    parser.add_argument("--rejects", type=int, required=True, help="how many stretches are not")
    parser.add_argument("object", type=Path, help="the damaged log object")
    options = parser.parse_args()
    wrong = check(options)
    for difference in wrong:
        print(f"   differs: {difference}")
    print(f"   {'FAILED' if wrong else 'ok'}: {options.object.name}, {options.events} events, {options.rejects} rejects")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
