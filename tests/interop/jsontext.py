"""JSON that loses nothing: numbers keep their text, objects their repeated keys and the order of them."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Number:
    """A JSON number as its text, so that 500.0, 1E-5 and 19 digits stay what they were and never equal a string."""

    text: str


class Pairs(list):
    """The members of a JSON object in their order, repeated keys included."""

    def get(self, key: str) -> Any:
        """The first member of that name."""
        return next((value for name, value in self if name == key), None)

    def has(self, *keys: str) -> bool:
        """Whether there are members of all these names."""
        return {name for name, _ in self}.issuperset(keys)


def refuse_constant(name: str) -> None:
    """Python reads NaN and Infinity, which are no JSON."""
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=refuse_constant, object_pairs_hook=Pairs
)


def parse(text: str) -> Any:
    """One JSON value as dictionaries and lists, its numbers kept as text."""
    return plain(DECODER.decode(text))


def is_list(value: Any) -> bool:
    """Whether a value is a JSON array."""
    return isinstance(value, list) and not isinstance(value, Pairs)


def plain(value: Any) -> Any:
    """The value as dictionaries, for the rules that need no more. Of repeated keys the last one stays."""
    if isinstance(value, Pairs):
        return {key: plain(member) for key, member in value}
    return list(map(plain, value)) if isinstance(value, list) else value


def canonical(value: Any) -> str:
    """One text for all spellings of a value that differ in key order and blanks only."""
    return json.dumps(value, sort_keys=True, default=lambda number: {"number": number.text})


def as_text(value: Any) -> str:
    """A string or a number as text; empty for everything else."""
    if isinstance(value, Number):
        return value.text
    return value if isinstance(value, str) else ""
