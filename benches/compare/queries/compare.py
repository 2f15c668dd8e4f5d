"""Asks all contestants the same questions, in turn, and keeps what that took and whether their answers agree."""

from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from answers import difference
from contestants import Contestant
from engines import Rows, Value
from measure import Cost, Failed, run
from questions import Question

COLD, WARM = "cold", "warm"
MODES = (COLD, WARM)
STARTS = 10
# What stands in the place of a number of events where planning is what is measured.
MANY_FILES = "many files"


@dataclass(frozen=True)
class Subject:
    """A dataset, what is asked of it, and for which values. Subjects that share `events` must give the same answers."""

    title: str
    events: str
    dataset: Path
    files: str
    questions: list[Question]
    values: dict[str, Value]


@dataclass(frozen=True)
class Effort:
    """How often the contestants take turns, and how often a warm session asks in each."""

    rounds: int
    repeats: int


@dataclass
class Result:
    """What one contestant took for one question. Of whole commands, the costs too."""

    seconds: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)

    @property
    def median(self) -> float | None:
        return median(self.seconds) if self.seconds else None


@dataclass
class Comparison:
    """The results on one subject, by question and then by contestant."""

    subject: Subject
    mode: str
    contestants: list[str]
    results: dict[str, dict[str, Result]] = field(default_factory=dict)

    @property
    def title(self) -> str:
        return f"{self.subject.title}, {self.mode}"

    def median(self, question: str, contestant: str) -> float | None:
        return self.results[question][contestant].median if contestant in self.contestants else None


@dataclass
class Judge:
    """Knows the answer to each question by who gave one first, and notes all that differs from it."""

    due: dict[tuple[str, str], tuple[str, Rows]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def hear(self, where: str, question: tuple[str, str], contestant: str, rows: Rows) -> None:
        """Takes an answer, to compare it with that of others to the same question over the same events."""
        if question not in self.due:
            self.due[question] = contestant, rows
            if not rows:
                self.fault(f"{where}: {contestant} finds nothing; ask more events")
            return
        first, due = self.due[question]
        if told := difference(rows, due):
            self.fault(f"{where}: {contestant} answers otherwise than {first}: {told}")

    def fault(self, text: str) -> None:
        if text not in self.faults:
            self.faults.append(text)
            print(f"   FAULT {text}", flush=True)


def compare(subject: Subject, mode: str, contestants: list[Contestant], effort: Effort, judge: Judge) -> Comparison:
    """In each round, each contestant in turn."""
    able = [contestant for contestant in contestants if mode == COLD or contestant.warm]
    comparison = Comparison(subject, mode, [contestant.title for contestant in able])
    print(comparison.title, flush=True)
    for question in subject.questions:
        results = {contestant.title: Result() for contestant in able}
        where = f"{comparison.title}, {question.name}"
        for contestant in able * effort.rounds:
            query = contestant.query(question, subject.dataset, subject.values)
            try:
                rows = ask(contestant, mode, subject.dataset, query, effort.repeats, results[contestant.title])
            except Failed as error:
                judge.fault(f"{where}: {contestant.title} fails: {error}")
            else:
                judge.hear(where, (subject.events, question.name), contestant.title, rows)
        comparison.results[question.name] = results
        told = (f"{title} {milliseconds(result.median)}" for title, result in results.items())
        print(f"   {question.name}: {', '.join(told)}", flush=True)
    return comparison


def ask(contestant: Contestant, mode: str, dataset: Path, query: str, repeats: int, result: Result) -> Rows:
    """One contestant's turn. What it took is added to the result."""
    if mode == WARM and contestant.warm:
        seconds, rows = contestant.warm(dataset, query, repeats)
        result.seconds.extend(seconds)
    else:
        cost, rows = contestant.cold(dataset, query)
        result.costs.append(cost)
        result.seconds.append(cost.wall)
    return rows


def starts(contestants: list[Contestant]) -> dict[str, float]:
    """How long each takes to do nothing: to start, and to load what it needs."""
    taken: dict[str, list[float]] = {contestant.title: [] for contestant in contestants}
    for contestant in contestants * STARTS:
        taken[contestant.title].append(run(contestant.start())[0].wall)
    return {title: median(seconds) for title, seconds in taken.items()}


def milliseconds(seconds: float | None) -> str:
    """A time, in two digits or more."""
    if seconds is None:
        return "–"
    digits = max(0, 2 - len(str(int(seconds * 1000))))
    return f"{seconds * 1000:,.{digits}f} ms"
