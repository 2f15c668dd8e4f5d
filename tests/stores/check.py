"""Runs the cases, and counts.

    check.py --trailhouse FILE --fixtures DIR --scratch DIR [--s3 PORT] [--azure PORT] [WORD...]

With words, only cases whose titles hold one of them.
"""

import argparse
import sys
import time
from functools import partial
from pathlib import Path
from typing import Callable

import cases
from buckets import S3, Azure, Store
from cases import Site
from proxy import KINDS, Proxy
from trail import Failed

Case = tuple[str, Callable[[Site], str]]

ON_S3: list[Case] = [
    ("A trail in S3, as on a local disk, and once more", cases.same_as_local),
    ("An object that changed, and one that is new", cases.changed_and_new),
    ("Places that a filter leaves out are not listed", cases.pruning),
    ("Patterns, single objects, prefixes", cases.addresses),
    ("Objects larger than what is read whole", cases.large_objects),
    ("Keys with odd characters", cases.odd_keys),
    ("Datasets with odd characters in their names", cases.odd_datasets),
    ("Runs that are killed", cases.killed),
    ("Runs at once", cases.together),
    ("Faults: 503 and 500", partial(cases.faults, kinds=KINDS[:2], seeds=range(2), share=0.1)),
    ("Faults: connections that break before the request", partial(cases.faults, kinds=["refused"], seeds=range(2), share=0.1)),
    ("Faults: lost acknowledgements", partial(cases.faults, kinds=["lost"], seeds=range(2), share=0.1)),
    ("Faults: answers that end in the middle", partial(cases.faults, kinds=["cut"], seeds=range(2), share=0.1)),
    ("Faults of all kinds", partial(cases.faults, kinds=KINDS, seeds=range(10, 13), share=0.1)),
    ("Faults of all kinds, with two runs at once", cases.faults_together),
    ("Mistakes of the user", cases.errors),
]
ON_AZURE: list[Case] = [
    ("A trail in Azure, as on a local disk, and once more", cases.same_as_local),
    ("Azure: an object that changed, and one that is new", cases.changed_and_new),
    ("Azure: keys with odd characters", cases.odd_keys),
    ("Azure: runs at once", cases.together),
    ("Azure: faults of all kinds", partial(cases.faults, kinds=KINDS, seeds=range(3), share=0.1)),
]


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--trailhouse", required=True)
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, required=True)
    parser.add_argument("--s3", type=int)
    parser.add_argument("--azure", type=int)
    parser.add_argument("words", nargs="*")
    args = parser.parse_args()
    passed = failed = 0
    stores: list[tuple[int | None, type[Store], list[Case]]] = [(args.s3, S3, ON_S3), (args.azure, Azure, ON_AZURE)]
    for port, kind, wanted in stores:
        if port is None:
            continue
        proxy = Proxy(port).start()
        scratch = args.scratch / kind.scheme
        scratch.mkdir()
        site = Site(kind(f"http://127.0.0.1:{port}"), proxy, args.trailhouse, scratch, args.fixtures)
        for title, case in wanted:
            if args.words and not any(word in title for word in args.words):
                continue
            print(f"\n== {title}", flush=True)
            since = time.monotonic()
            try:
                said = case(site)
                print(f"   ok, {time.monotonic() - since:.1f} s: {said}", flush=True)
                passed += 1
            except Failed as failure:
                print(f"   FAILED, {time.monotonic() - since:.1f} s: {failure}", flush=True)
                failed += 1
        proxy.stop()
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
