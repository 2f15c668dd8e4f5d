"""What a run tells: as Markdown for people, and as JSON with all that was measured."""

import json
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

import verdicts
from compare import Comparison, Judge, milliseconds
from verdicts import US


@dataclass(frozen=True)
class Report:
    """All of a run, as it comes in."""

    facts: list[str]
    starts: dict[str, float] = field(default_factory=dict)
    comparisons: list[Comparison] = field(default_factory=list)
    judge: Judge = field(default_factory=Judge)

    @property
    def verdicts(self) -> list[str]:
        return [verdict for comparison in self.comparisons for verdict in verdicts.told(comparison, self.starts)]

    def markdown(self) -> str:
        parts = [
            "# Queries, side by side",
            points(self.facts),
            "× is how many times as long as trailhouse an engine takes: above 1, trailhouse is faster.",
            "## Targets",
            points(self.verdicts),
            "## Answers",
            points(self.judge.faults or ["All engines gave the same."]),
            "## Times",
            table(
                ["started, and nothing asked", "time"],
                [[title, milliseconds(seconds)] for title, seconds in self.starts.items()],
            ),
            *(part for comparison in self.comparisons for part in times(comparison)),
        ]
        return "\n\n".join(part for part in parts if part) + "\n"

    def json(self) -> str:
        measured = {
            "facts": self.facts,
            "verdicts": self.verdicts,
            "faults": self.judge.faults,
            "starts": self.starts,
            "comparisons": [plain(comparison) for comparison in self.comparisons],
        }
        return json.dumps(measured, indent=1, default=str) + "\n"


def times(comparison: Comparison) -> list[str]:
    """A row for each question: medians, and how many times as long as trailhouse the others take."""
    others = [title for title in comparison.contestants if title != US]
    columns = ["question", "kind", US, *(column for title in others for column in (title, "×"))]
    rows = []
    for question in comparison.subject.questions:
        ours = comparison.median(question.name, US)
        row = [question.name, question.kind, milliseconds(ours)]
        for title in others:
            theirs = comparison.median(question.name, title)
            row += [milliseconds(theirs), f"{theirs / ours:.2f}" if ours and theirs else "–"]
        rows.append(row)
    return [f"### {comparison.title}", f"{comparison.subject.files}.", table(columns, rows), costs(comparison)]


def costs(comparison: Comparison) -> str:
    """What all questions together cost each as commands: a sum of medians, and the highest peak of memory."""
    rows = []
    for title in comparison.contestants:
        results = [results[title].costs for results in comparison.results.values() if results[title].costs]
        if results:
            wall = sum(median(cost.wall for cost in costs) for costs in results)
            cpu = sum(median(cost.cpu for cost in costs) for costs in results)
            peak = max(cost.peak for costs in results for cost in costs)
            rows.append([title, f"{wall:.2f} s", f"{cpu:.2f} s", f"{peak / 2**20:,.0f} MiB"])
    return table(["all questions", "time", "CPU time", "peak memory"], rows) if rows else ""


def points(texts: list[str]) -> str:
    return "\n".join(f"* {text}" for text in texts)


def table(columns: list[str], rows: list[list[str]]) -> str:
    """In Markdown; numbers stand on the right."""
    texts = {columns[0], "kind"}
    rule = ["---" if column in texts else "---:" for column in columns]
    return "\n".join(f"| {' | '.join(row)} |" for row in [columns, rule, *rows])


def plain(comparison: Comparison) -> dict[str, Any]:
    """All that was measured of one comparison."""
    subject = comparison.subject
    questions = [
        {
            "name": question.name,
            "asks": question.asks,
            "kind": question.kind,
            "results": {title: asdict(result) for title, result in comparison.results[question.name].items()},
        }
        for question in subject.questions
    ]
    about = {"title": subject.title, "mode": comparison.mode, "files": subject.files, "values": subject.values}
    return about | {"questions": questions}
