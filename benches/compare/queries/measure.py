"""Runs a command and says what it cost: time on the clock, time on the cores, memory at its peak."""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from typing import IO


class Failed(Exception):
    """A command that ended with an error, and the end of what it said."""


@dataclass(frozen=True)
class Cost:
    """Of one process, from its start to its end. `peak` is in bytes."""

    wall: float
    cpu: float
    peak: int


def run(command: list[str], given: str = "") -> tuple[Cost, bytes]:
    """What a command cost and what it wrote.

    Linux counts the memory of who starts a process as that of the process until it is larger itself. So whoever calls
    this must stay smaller than what it measures, and leave the engines to other processes.
    """
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as messages:
        source.write(given.encode())
        source.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(command, stdin=source, stdout=output, stderr=messages)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise Failed(f"{command[0]} ended with {process.returncode}: {last_words(messages)}")
        output.seek(0)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return Cost(wall, usage.ru_utime + usage.ru_stime, peak), output.read()


def stamped_lines(command: list[str], given: str) -> list[tuple[float, bytes]]:
    """The lines that a command writes, each with the time at which it came."""
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as messages:
        source.write(given.encode())
        source.seek(0)
        with subprocess.Popen(command, stdin=source, stdout=subprocess.PIPE, stderr=messages) as process:
            assert process.stdout is not None
            lines = [(time.perf_counter(), line) for line in iter(process.stdout.readline, b"")]
        if process.returncode:
            raise Failed(f"{command[0]} ended with {process.returncode}: {last_words(messages)}")
        return lines


def last_words(messages: IO[bytes]) -> str:
    """The end of what a command wrote to standard error, as one line."""
    messages.seek(0)
    return " ".join(messages.read().decode(errors="replace").split())[-300:]
