#!/usr/bin/env python3
"""Checks that queries written for CloudTrail's table in Athena, and for CloudTrail Lake, find what they must.

    published.py --trailhouse FILE [--queries DIRECTORY]... [--only NAME]...
    published.py --trailhouse FILE --expectations

Makes a dataset of made-up logs and of fixtures/queries/events.json, runs each query over the view of its kind, with
nothing changed but the table's name and what the query's head says, and compares the rows with answers that were worked
out on the events' JSON. A directory of queries has directories athena/ and lake/; that of fixtures/ is one, and a
collection of published ones may lie elsewhere. With --expectations no query is run: it tells how many rows are due.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from answers import Answer, Answers, Event, Row, usual
import answers_forms  # noqa: F401  (registers its answers)
from answers_athena import ATHENA, ATHENA_UNSUPPORTED
from answers_lake import LAKE, LAKE_UNSUPPORTED
from jsontext import DECODER, plain
from logs import NotReadable, read, records
from roundtrip import Differences, run

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "queries"
VIEWS = {"athena": "cloudtrail_logs", "lake": "cloudtrail_lake"}
ANSWERS: dict[str, Answers] = {"athena": ATHENA, "lake": LAKE}
UNSUPPORTED = {"athena": ATHENA_UNSUPPORTED, "lake": LAKE_UNSUPPORTED}
HEAD = ("title", "source", "licence", "table", "set")
SHOWN = 20


@dataclass
class Query:
    """A query as it was written, and what its head says of it."""

    kind: str
    name: str
    sql: str
    table: str = ""
    settings: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ready(self) -> str:
        """The query with the view's name and the tests' values in it."""
        sql = self.sql
        for placeholder, value in [*self.settings, (self.table, VIEWS[self.kind])]:
            if placeholder not in sql:
                raise NotReadable(f"{self}: there is no {placeholder} in it")
            sql = sql.replace(placeholder, value)
        return sql

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"


def read_query(path: Path) -> Query:
    """A file: lines of the head, `-- word: text`, and below them the query."""
    lines = path.read_text("utf-8").split("\n")
    query = Query(path.parent.name, path.stem, "")
    while lines and lines[0].startswith("-- ") and lines[0][3:].partition(": ")[0] in HEAD:
        word, _, text = lines.pop(0)[3:].partition(": ")
        if word == "table":
            query.table = text
        if word == "set":
            placeholder, _, value = text.partition(" = ")
            query.settings.append((placeholder, value))
    if not query.table:
        raise NotReadable(f"{query}: its head names no table")
    query.sql = "\n".join(lines)
    return query


def read_queries(directories: list[Path], only: list[str]) -> list[Query]:
    """All queries, or those of these names."""
    paths = [path for place in directories for kind in VIEWS for path in sorted(place.glob(f"{kind}/*.sql"))]
    found = [read_query(path) for path in paths if not only or path.stem in only]
    if not found:
        raise NotReadable("there are no queries")
    return found


def make_logs(trailhouse: str, scratch: str) -> list[str]:
    """Log objects: many that were made up by the program, and those made for the queries."""
    run(trailhouse, "generate", "--events", "3000", "--seed", "5", "--to", f"{scratch}/logs")
    return [f"{scratch}/logs/AWSLogs", str(FIXTURES / "events.json")]


def result(text: str, answer: Answer) -> tuple[list[Row], list[str]]:
    """The rows of a result as they are compared, and what is wrong with its columns."""
    rows = [DECODER.decode(line) for line in text.split("\n") if line]
    if rows and answer.star:
        names = {column.name for column in answer.columns}
        rows = [[(name, value) for name, value in row if name.lower() in names] for row in rows]
        order = [column.name for column in answer.columns]
        rows = [sorted(row, key=lambda member: order.index(member[0].lower())) for row in rows]
    if rows and len(rows[0]) != len(answer.columns):
        return [], [f"{len(rows[0])} columns, due are {len(answer.columns)}"]
    faults = [
        f"column {index + 1} is called {name}, due is {column.name}"
        for index, ((name, _), column) in enumerate(zip(rows[0] if rows else [], answer.columns))
        if column.name and name.lower() != column.name
    ]
    kinds = [column.kind for column in answer.columns]
    return [tuple(usual(plain(value), kind) for (_, value), kind in zip(row, kinds)) for row in rows], faults


def check_query(trailhouse: str, dataset: str, query: Query, answer: Answer, differences: Differences) -> None:
    """Runs a query and compares."""
    try:
        found = run(trailhouse, "query", "--format", "ndjson", "--", dataset, query.ready)
        rows, faults = result(found, answer)
    except NotReadable as error:
        differences.append(f"{query}: {error}")
        return
    differences.extend(f"{query}: {fault}" for fault in faults or answer.faults(rows))


def due(queries: list[Query], events: list[Event]) -> dict[str, Answer]:
    """The answers to all queries that can be run. None is empty, or it would show nothing."""
    found = {}
    for query in queries:
        if query.name in UNSUPPORTED[query.kind]:
            continue
        work_out = ANSWERS[query.kind].get(query.name)
        if work_out is None:
            raise NotReadable(f"{query}: has no answer")
        found[str(query)] = work_out(events)
        if not found[str(query)].due():
            raise NotReadable(f"{query}: no row is due")
    return found


def check(options: argparse.Namespace, differences: Differences) -> str:
    """Makes the dataset and runs the queries. Returns a line about what was compared."""
    queries = read_queries([*map(Path, options.queries or [FIXTURES])], options.only)
    with tempfile.TemporaryDirectory() as scratch:
        sources = make_logs(options.trailhouse, scratch)
        events = [Event(record.value) for record in records(read(sources)) if record.is_event]
        answers = due(queries, events)
        summary = f"{len(answers)} queries over {len(events)} events, {len(queries) - len(answers)} cannot run anywhere"
        if options.expectations:
            for name, answer in answers.items():
                print(f"   {answer.due():6} {name}")
            return summary
        dataset = f"{scratch}/dataset"
        report = run(options.trailhouse, "convert", *sources, "--to", dataset, "--report", "json")
        differences.compare("events written", json.loads(report)["events"]["written"], len(events))
        for query in queries:
            if str(query) in answers:
                check_query(options.trailhouse, dataset, query, answers[str(query)], differences)
    return summary


def main() -> int:
    """Tells the differences; exits with 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--trailhouse", required=True, help="the program")
    parser.add_argument("--queries", action="append", help="a directory of queries [default: fixtures/queries]")
    parser.add_argument("--only", action="append", default=[], help="the name of a query to run")
    parser.add_argument("--expectations", action="store_true", help="tell how many rows are due, and run no query")
    options = parser.parse_args()
    differences = Differences()
    try:
        summary = check(options, differences)
    except NotReadable as error:
        print(f"   FAILED: {error}")
        return 1
    for difference in differences[:SHOWN]:
        print(f"   differs: {difference}")
    if len(differences) > SHOWN:
        print(f"   and {len(differences) - SHOWN} more differences")
    print(f"   {summary}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
