"""The systems that are compared: the command that converts, and what is to be known of each."""

import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Callable

from errors import Failed

US, US_ON_ONE_THREAD = "trailhouse", "trailhouse-1"


@dataclass(frozen=True)
class System:
    """One of them, in the form that is measured."""

    name: str
    title: str
    # Converts the log objects below a source into a target that is not there yet.
    command: "Callable[[Path, Path], list[str]]"
    version: "Callable[[], str]"
    # The slow ones take part in fewer rounds: what they lack in certainty, they are far off anyway.
    most_rounds: int = sys.maxsize


def systems(trailhouse: Path) -> "dict[str, System]":
    """All of them, by name, in the order of their turns."""
    found = [
        ours(trailhouse, US, "trailhouse"),
        ours(trailhouse, US_ON_ONE_THREAD, "trailhouse, 1 thread", "--threads", "1"),
        peer("duckdb", "DuckDB", "duckdb"),
        peer("clickhouse", "ClickHouse", "chdb", "chdb-core"),
        peer("polars", "Polars", "polars"),
        peer("pyarrow", "Python, pyarrow", "pyarrow", "orjson", most_rounds=3),
        System("spark", "Spark", peer_command("spark"), spark_version, most_rounds=3),
    ]
    return {system.name: system for system in found}


def ours(trailhouse: Path, name: str, title: str, *options: str) -> System:
    def command(source: Path, target: Path) -> "list[str]":
        return [str(trailhouse), "convert", str(source), "--to", str(target), *options]

    return System(name, title, command, lambda: printed(str(trailhouse), "--version"))


def peer(name: str, title: str, *packages: str, most_rounds: int = sys.maxsize) -> System:
    return System(name, title, peer_command(name), lambda: versions(packages), most_rounds)


def peer_command(name: str) -> "Callable[[Path, Path], list[str]]":
    return lambda source, target: [sys.executable, "-B", "-m", f"peers.{name}", str(source), str(target)]


def versions(packages: "tuple[str, ...]") -> str:
    return ", ".join(f"{package} {metadata.version(package)}" for package in packages)


def spark_version() -> str:
    return f"{versions(('pyspark',))} on {printed('java', '--version')}"


def printed(*command: str) -> str:
    """The first line that a command prints."""
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, subprocess.CalledProcessError) as error:
        raise Failed(f"{error}; without it, leave out what needs it with --systems") from error
