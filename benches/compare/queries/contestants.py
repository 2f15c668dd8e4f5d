"""The programs that are compared: how each is asked once, as a whole command, and again and again in one session."""

import json
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from types import ModuleType
from typing import Callable, Protocol

import engines.clickhouse
import engines.duckdb
import engines.duckdb_delta
import engines.polars
from engines import Rows, Value, sql_literal
from measure import Cost, Failed, run, stamped_lines
from questions import Question

HERE = Path(__file__).resolve().parent
# Leaves nothing behind in the checkout.
PYTHON = (sys.executable, "-B")
INSTALL = "install what benches/compare/requirements.txt names, or leave it out with --engines"


class Contestant(Protocol):
    """What can be asked."""

    @property
    def title(self) -> str: ...

    def version(self) -> str: ...

    def query(self, question: Question, dataset: Path, values: dict[str, Value]) -> str: ...

    def start(self) -> list[str]:
        """The command that does nothing but start, and load what it needs."""

    def cold(self, dataset: Path, query: str) -> tuple[Cost, Rows]:
        """One command that asks one question."""

    @property
    def warm(self) -> Callable[[Path, str, int], tuple[list[float], Rows]] | None:
        """One session that asks a question once to warm up, and then so many times. None where none can be kept."""


class Trailhouse:
    """trailhouse, which reads the dataset by its log."""

    title = "trailhouse"

    def __init__(self, program: Path) -> None:
        self.program = str(program)

    def version(self) -> str:
        return run(self.start())[1].decode().split()[-1]

    def query(self, question: Question, _: Path, values: dict[str, Value]) -> str:
        return question.query("trailhouse", "events", sql_literal, values)

    def start(self) -> list[str]:
        return [self.program, "--version"]

    def cold(self, dataset: Path, query: str) -> tuple[Cost, Rows]:
        cost, answer = run([self.program, "query", str(dataset), query, "--format", "json"])
        return cost, json.loads(answer)

    def warm(self, dataset: Path, query: str, times: int) -> tuple[list[float], Rows]:
        """The same statement so many times, and once before to warm up, from standard input.

        An empty line is written before the next statement begins, so the time from one empty line to another is what a
        statement takes, all but its parsing: statements are parsed before the first begins, in some 0.1 ms each.
        """
        statements = ";\n".join([query] * (times + 1))
        lines = stamped_lines([self.program, "query", str(dataset), "--format", "json", "-f", "-"], statements)
        begins = [time for time, line in lines if not line.strip()]
        if len(begins) != times:
            raise Failed(f"{self.program} gave {len(begins) + 1} answers to {times + 1} statements")
        ends = [*begins[1:], lines[-1][0]]
        answer = lines[lines.index((begins[-1], b"\n")) + 1 :]
        seconds = [end - begin for begin, end in zip(begins, ends)]
        return seconds, json.loads(b"".join(line for _, line in answer))


@dataclass(frozen=True)
class Embedded:
    """A peer that is a Python package. Its texts of questions are those of `dialect`."""

    title: str
    engine: ModuleType
    dialect: str
    package: str
    distribution: str

    def version(self) -> str:
        try:
            return metadata.version(self.distribution)
        except metadata.PackageNotFoundError:
            raise Failed(f"there is no package {self.distribution}; {INSTALL}") from None

    def query(self, question: Question, dataset: Path, values: dict[str, Value]) -> str:
        return question.query(self.dialect, self.engine.table(str(dataset)), self.engine.literal, values)

    def start(self) -> list[str]:
        return [*PYTHON, "-c", f"import {self.package}"]

    def cold(self, dataset: Path, query: str) -> tuple[Cost, Rows]:
        cost, answer = run(self.command(dataset, 1), query)
        return cost, json.loads(answer)["rows"]

    def warm(self, dataset: Path, query: str, times: int) -> tuple[list[float], Rows]:
        answer = json.loads(run(self.command(dataset, times + 1), query)[1])
        return answer["seconds"][1:], answer["rows"]

    def command(self, dataset: Path, times: int) -> list[str]:
        return [*PYTHON, str(HERE / "ask.py"), self.engine.__name__, str(dataset), str(times)]


class DuckDBProgram:
    """DuckDB's own program, which starts faster than Python does."""

    title = "DuckDB CLI"
    warm = None

    def __init__(self) -> None:
        # That of the package duckdb-cli, or any other that is installed.
        beside = str(Path(sys.executable).parent)
        self.program = shutil.which("duckdb", path=beside) or shutil.which("duckdb") or ""

    def version(self) -> str:
        if not self.program:
            raise Failed(f"there is no program duckdb, which the package duckdb-cli has; {INSTALL}")
        return run([self.program, "--version"])[1].decode().split()[0].removeprefix("v")

    def query(self, question: Question, dataset: Path, values: dict[str, Value]) -> str:
        return DUCKDB.query(question, dataset, values)

    def start(self) -> list[str]:
        return [self.program, "-no-init", "-c", ""]

    def cold(self, dataset: Path, query: str) -> tuple[Cost, Rows]:
        cost, answer = run([self.program, "-no-init", "-json", "-c", engines.duckdb.SETTINGS + query])
        return cost, json.loads(answer or "[]")


DUCKDB = Embedded("DuckDB", engines.duckdb, "duckdb", "duckdb", "duckdb")
PEERS: dict[str, Contestant] = {
    "duckdb": DUCKDB,
    "duckdb-cli": DuckDBProgram(),
    "duckdb-delta": Embedded("DuckDB delta_scan", engines.duckdb_delta, "duckdb", "duckdb", "duckdb"),
    "clickhouse": Embedded("ClickHouse", engines.clickhouse, "clickhouse", "chdb", "chdb-core"),
    "polars": Embedded("Polars", engines.polars, "polars", "polars", "polars"),
}
# Those that need nothing but what requirements.txt names.
USUAL = [name for name in PEERS if name != "duckdb-delta"]
