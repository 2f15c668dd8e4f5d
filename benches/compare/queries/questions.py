"""The questions, a file each: what is asked, of what kind it is, and how each engine is asked.

A question is `selective` if few events are wanted and where they lie can be known, and a `scan` if the answer needs a
good part of all events. `sql` is for every engine that has no text of its own. {events} stands for the dataset,
and other names in braces for values (values.py).
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from engines import Value

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Question:
    """One of them."""

    name: str
    asks: str
    kind: str
    texts: dict[str, str]

    def query(self, dialect: str, events: str, literal: Callable[[Value], str], values: dict[str, Value]) -> str:
        """What is said to an engine."""
        text = self.texts.get(dialect, self.texts["sql"]).strip()
        return text.format(events=events, **{name: literal(value) for name, value in values.items()})


def read(path: Path) -> Question:
    """The question in a file."""
    parts = tomllib.loads(path.read_text("utf-8"))
    asks, kind = parts.pop("asks"), parts.pop("kind")
    return Question(path.stem, asks, kind, parts)


def suite() -> list[Question]:
    """All of them, in order."""
    return [read(path) for path in sorted((HERE / "questions").glob("*.toml"))]


def of_planning() -> Question:
    """What is asked of a dataset of very many files."""
    return read(HERE / "planning.toml")
