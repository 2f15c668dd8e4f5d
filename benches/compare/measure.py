"""Runs a command and says what it cost, whatever processes it starts.

    measure.py COST_FILE COMMAND...

One method for all, a single process or many:

* Time on the clock ends when the command does, as for whoever waits for it.
* Time on the cores is that of the command and of all that it started. Whatever loses its parent, as Spark's virtual
  machine does, becomes a child of this process (PR_SET_CHILD_SUBREAPER), so that it is waited for and counted too.
* Memory is the larger of two figures: the highest resident size that the system noted for any one process, and the
  highest sum over all processes, looked at every 20 ms. Of a single process the first is exact; of several, the sum
  counts pages that they share more than once.

This is a process of its own because Linux counts the memory of who starts a process as that of the process, until it is
larger itself: this one is small, and has no other children.
"""

import ctypes
import json
import os
import sys
import threading
import time

PR_SET_CHILD_SUBREAPER = 36
SAMPLE_SECONDS = 0.02
# Going through all processes of the system takes a while, so new ones are looked for less often.
SAMPLES_PER_LOOK = 10
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def main() -> int:
    cost_file, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "cannot take care of processes that lose their parent")
    sampler = Sampler()
    sampler.start()
    cpu, peak, wall, code = 0.0, 0, 0.0, 0
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    while True:
        try:
            ended, status, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        if ended == child:
            wall = time.perf_counter() - began
            code = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        peak = max(peak, usage.ru_maxrss * 1024)
    with open(cost_file, "w", encoding="utf-8") as out:
        json.dump({"wall_seconds": wall, "cpu_seconds": cpu, "peak_bytes": max(peak, sampler.peak), "code": code}, out)
    return 0


class Sampler(threading.Thread):
    """Notes how much memory all descendants of this process hold at most."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak = 0

    def run(self) -> None:
        sample, family = 0, set()
        while True:
            if sample % SAMPLES_PER_LOOK == 0:
                family = descendants(os.getpid())
            self.peak = max(self.peak, sum(map(resident_bytes, family)))
            sample += 1
            time.sleep(SAMPLE_SECONDS)


def descendants(ancestor: int) -> "set[int]":
    """All processes that come from another."""
    parents = {int(name): parent(name) for name in os.listdir("/proc") if name.isdigit()}
    family = {ancestor}
    while True:
        more = {process for process, parent in parents.items() if parent in family} - family
        if not more:
            return family - {ancestor}
        family |= more


def parent(process: str) -> int:
    """Who started a process; 0 if it has ended meanwhile."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as stat:
            # The name, in parentheses, may hold anything.
            return int(stat.read().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def resident_bytes(process: int) -> int:
    """What a process holds in memory; nothing if it has ended."""
    try:
        with open(f"/proc/{process}/statm", encoding="utf-8") as statm:
            return int(statm.read().split()[1]) * PAGE_BYTES
    except OSError:
        return 0


if __name__ == "__main__":
    sys.exit(main())
