"""Runs one system once, into a directory that is not there yet."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from errors import Failed
from systems import System

HERE = Path(__file__).resolve().parent
# Not even the standard library's site module, so that measure.py stays small.
MEASURE = [sys.executable, "-I", "-S", str(HERE / "measure.py")]
LAST_WORDS_BYTES = 600


@dataclass(frozen=True)
class Cost:
    """What a command cost."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    # What a peer says that it worked: without starting Python, and importing.
    work_seconds: Optional[float] = None


def convert(system: System, source: Path, target: Path) -> Cost:
    """One conversion, with nothing left to write from before."""
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.sync()
    cost, printed = measured(system.command(source, target))
    return Cost(cost.wall_seconds, cost.cpu_seconds, cost.peak_bytes, work_seconds(printed))


def measured(command: "list[str]", environment: "Optional[dict[str, str]]" = None) -> "tuple[Cost, str]":
    """What a command cost, and what it printed."""
    with tempfile.NamedTemporaryFile("r") as cost, tempfile.TemporaryFile("r+", errors="replace") as messages:
        done = subprocess.run(
            [*MEASURE, cost.name, *command],
            cwd=HERE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=messages,
            text=True,
            check=False,
        )
        messages.seek(0)
        words = messages.read().strip()[-LAST_WORDS_BYTES:]
        if done.returncode != 0:
            raise Failed(f"{command[0]} could not be measured: {words}")
        found = json.load(cost)
    code = found.pop("code")
    if code != 0:
        raise Failed(f"{' '.join(command[:4])} … ended with {code}: {words or done.stdout.strip()[-LAST_WORDS_BYTES:]}")
    return Cost(**found), done.stdout


def work_seconds(printed: str) -> Optional[float]:
    """What the last line says, if it is a peer's."""
    last = printed.strip().rpartition("\n")[2]
    return json.loads(last)["seconds"] if last.startswith("{") else None
