"""What all commands have in common: options, what they say of the machine, and how they hand over their report."""

import argparse
import json
import os
from pathlib import Path
from typing import Any, Callable

from queries import host


def add_common(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """Adds the options that all commands take, and reads the command line."""
    add = parser.add_argument
    add("--trailhouse", required=True, type=Path, metavar="BINARY", help="the program; `run` sets it")
    add(
        "--work",
        type=Path,
        default=host.ROOT / "target" / "compare",
        metavar="DIR",
        help="where log objects are made and kept for the next run [target/compare]",
    )
    add("--out", type=Path, metavar="FILE", help="write the report, in Markdown, to a file instead of standard output")
    add("--json", type=Path, metavar="FILE", help="write all that was measured to a file")
    options = parser.parse_args()
    options.trailhouse, options.work = options.trailhouse.resolve(), options.work.resolve()
    if not options.trailhouse.is_file():
        parser.error(f"there is no program {options.trailhouse}; build it with cargo build --release, or name another")
    return options


def machine() -> "list[str]":
    """The machine, the commit and the time, and whether anything else was running."""
    return [*host.lines(), f"load average before: {os.getloadavg()[0]:.1f}"]


def finish(options: argparse.Namespace, report: "list[str]", measured: "dict[str, Any]") -> None:
    """Hands the report over."""
    text = "\n".join(report) + "\n"
    if options.out:
        options.out.write_text(text, "utf-8")
    else:
        print(text, end="")
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1), "utf-8")


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def names(known: "list[str]") -> "Callable[[str], list[str]]":
    """Reads some of these names."""

    def read(text: str) -> "list[str]":
        wanted = text.split(",")
        for word in wanted:
            if word not in known:
                raise argparse.ArgumentTypeError(f"there is no {word}; there are {', '.join(known)}")
        return wanted

    return read


def numbers(text: str) -> "list[int]":
    """Numbers with commas between them."""
    return [positive(word) for word in text.split(",")]
