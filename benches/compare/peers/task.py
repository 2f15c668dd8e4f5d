"""What peers have in common: their command line, and a clock for the work alone, without starting and importing."""

import json
import sys
import time
from typing import Callable


def run(convert: "Callable[[str, str], None]") -> None:
    """Converts once. The last line that is printed says how long that took."""
    if len(sys.argv) != 3:
        sys.exit("usage: python -m peers.NAME SOURCE TARGET, both of them directories")
    source, target = sys.argv[1:]
    began = time.perf_counter()
    convert(source, target)
    print(json.dumps({"seconds": time.perf_counter() - began}))
