"""A peer's process: asks one query so many times in one session, and prints the seconds of each and the last answer.

`ask.py ENGINE DATASET TIMES`; the query comes from standard input.
"""

import importlib
import json
import sys
import time


def main() -> None:
    engine, dataset, times = sys.argv[1:]
    query = sys.stdin.read()
    ask = importlib.import_module(engine).open(dataset)
    seconds, rows = [], []
    for _ in range(int(times)):
        began = time.perf_counter()
        rows = ask(query)
        seconds.append(time.perf_counter() - began)
    json.dump({"seconds": seconds, "rows": rows}, sys.stdout, default=str)


if __name__ == "__main__":
    main()
