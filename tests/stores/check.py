"""Runs the cases, and counts.

    check.py --trailhouse FILE --fixtures DIR --scratch DIR [--s3 PORT] [--azure PORT] [--google PORT] [WORD...]

With words, only cases whose titles hold one of them. Cases run in four processes, one by one in each: those of S3 that
are Azure's and Google's too, the others of S3, Azure's, and Google's. A case has passed when `trailhouse check` finds
nothing in any of the datasets that it has left, either.
"""

import argparse
import multiprocessing
import sys
import time
import traceback
from functools import partial
from pathlib import Path
from typing import Callable

import accounts
import cases
import parts
import promises
import refusals
import upkeep
from buckets import S3, Azure, Google, Store
from proxy import KINDS, Proxy
from sites import Site
from trail import Failed

Case = tuple[str, Callable[[Site], str]]

ON_ALL: list[Case] = [
    ("A trail in a bucket, as on a local disk, and once more", cases.same_as_local),
    ("An object that changed, and one that is new", cases.changed_and_new),
    ("Keys with odd characters", cases.odd_keys),
    ("Objects that stand for directories", cases.markers),
    ("Runs that are killed: convert, compact and vacuum", upkeep.killed),
    ("Runs that are killed: the first one, half way", cases.half_way),
    ("Runs at once: convert", cases.together),
    ("Runs at once: compact twice, and convert", upkeep.together),
    ("Compact and vacuum", upkeep.compact_and_vacuum),
    ("Faults of all kinds", partial(cases.faults, kinds=KINDS)),
    ("Faults of all kinds, with two runs at once", cases.faults_together),
    ("Refusals: what the store says, and what to do", refusals.refused),
    ("Refusals: no bucket, no credentials", refusals.missing),
    ("Refusals: half of one, from a server in trouble", refusals.cut_after_trouble),
    ("Refusals: a part of what a run must do", refusals.denied_in_part),
    ("Refusals: credentials that expire on the way", refusals.expiring),
]
ON_S3_AND_GOOGLE: list[Case] = [
    ("Listings in pages", cases.pages),
    ("Places that a filter leaves out are not listed", cases.pruning),
    ("Datasets with odd characters in their names", cases.odd_datasets),
    ("Data files that are written in parts", parts.written),
    ("Data files that are written in parts, with accidents", parts.accidents),
]
ON_S3: list[Case] = [
    ("Patterns, single objects, prefixes", cases.addresses),
    ("Objects larger than what is read whole", cases.large_objects),
    ("Runs that are killed: convert", cases.killed),
    ("Faults: 503 and 500", partial(cases.faults, kinds=KINDS[:2])),
    ("Faults: connections that break before the request", partial(cases.faults, kinds=["refused"])),
    ("Faults: lost acknowledgements", partial(cases.faults, kinds=["lost"])),
    ("Faults: answers that end in the middle", partial(cases.faults, kinds=["cut"])),
    ("Mistakes of the user", refusals.mistakes),
]
ON_AZURE: list[Case] = [
    ("Directories of a hierarchical namespace", cases.hierarchy),
]
ON_GOOGLE: list[Case] = [
    ("What the double promises", promises.kept),
    ("Ways to say who asks", accounts.ways),
]


def run_case(site: Site, title: str, case: Callable[[Site], str]) -> bool:
    """Whether a case has passed. Says so, in one piece."""
    since = time.monotonic()
    site.begin()
    said, failures = [], []
    # What has failed has left datasets, too.
    for check in (case, sound):
        try:
            said.append(check(site))
        except Failed as failure:
            failures.append(str(failure))
        except Exception:  # noqa: BLE001
            # The rest is to be run all the same.
            failures.append(traceback.format_exc())
    result, words = ("FAILED", failures) if failures else ("ok", said)
    print(f"\n== {title}\n   {result}, {time.monotonic() - since:.1f} s: {'; '.join(words)}", flush=True)
    return not failures


def sound(site: Site) -> str:
    """Fails unless `trailhouse check` finds nothing in what a case has left."""
    return f"{site.all_sound()} datasets are sound"


def run_cases(args: argparse.Namespace, name: str, port: int, kind: type[Store], wanted: list[Case]) -> list[bool]:
    """Runs cases on a store, at a site of that name."""
    proxy = Proxy(port, kind.root).start()
    scratch = args.scratch / name
    scratch.mkdir()
    site = Site(name, kind(f"http://127.0.0.1:{port}"), proxy, args.trailhouse, scratch, args.fixtures)
    passed = [run_case(site, title, case) for title, case in wanted]
    proxy.stop()
    return passed


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trailhouse", required=True)
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--s3", type=int)
    parser.add_argument("--azure", type=int)
    parser.add_argument("--google", type=int)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    sites = [
        ("s3-all", args.s3, S3, ON_ALL),
        ("s3-others", args.s3, S3, ON_S3_AND_GOOGLE + ON_S3),
        ("azure", args.azure, Azure, ON_ALL + ON_AZURE),
        ("google", args.google, Google, ON_ALL + ON_S3_AND_GOOGLE + ON_GOOGLE),
    ]
    jobs = []
    for name, port, kind, cases_there in sites:
        titled = [(f"{kind.__name__}: {title}", case) for title, case in cases_there]
        wanted = [case for case in titled if not args.words or any(word in case[0] for word in args.words)]
        if port is not None and wanted:
            jobs.append((args, name, port, kind, wanted))
    if not jobs:
        print("No case's title holds any of these words")
        return 2
    since = time.monotonic()
    with multiprocessing.Pool(len(jobs)) as pool:
        passed = sum(pool.starmap(run_cases, jobs, chunksize=1), [])
    print(f"\n{sum(passed)} passed, {len(passed) - sum(passed)} failed, in {time.monotonic() - since:.0f} s")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
