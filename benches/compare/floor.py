"""What converting cannot be faster than, by the program that knows: see benches/instructions/src/bin/floor.rs."""

import json
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from errors import Failed

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    "cargo run --release --locked --quiet --manifest-path benches/instructions/Cargo.toml"
    " --target-dir target/instructions --bin floor --"
)


@dataclass(frozen=True)
class Floor:
    """A median of its own rounds."""

    floor: str
    threads: int
    seconds: float
    cpu_seconds: float


def floors(command: str, logs: Path) -> "list[Floor]":
    """Runs the command on a directory of log objects. It prints a line of JSON for each floor."""
    words = [*shlex.split(command), str(logs)]
    try:
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    except OSError as error:
        raise Failed(f"{command} does not start: {error.strerror}; name another with --floor") from error
    if done.returncode != 0:
        raise Failed(f"{command} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"')]
    found = [line for line in lines if "floor" in line]
    return [Floor(line["floor"], line["threads"], line["seconds"], line["cpu_seconds"]) for line in found]
