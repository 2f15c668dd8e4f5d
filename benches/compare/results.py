"""What was found out about a system in all rounds."""

import statistics
from dataclasses import asdict, dataclass, field
from typing import Any, Sequence

from outputs import Output
from systems import System
from trial import Cost


@dataclass
class Result:
    """Of one system."""

    system: System
    payload_kept: bool
    costs: "list[Cost]" = field(default_factory=list)
    # Of the last round.
    output: Output = field(default_factory=Output)
    # How many values of each field were lost.
    lacking: "dict[str, int]" = field(default_factory=dict)

    @property
    def wall(self) -> "list[float]":
        return [cost.wall_seconds for cost in self.costs]

    @property
    def work(self) -> "list[float]":
        """Empty for a system that does not say."""
        return [cost.work_seconds for cost in self.costs if cost.work_seconds is not None]

    @property
    def cpu(self) -> "list[float]":
        return [cost.cpu_seconds for cost in self.costs]

    @property
    def peak(self) -> "list[int]":
        return [cost.peak_bytes for cost in self.costs]

    def plain(self) -> "dict[str, Any]":
        """As JSON has it."""
        return {
            "title": self.system.title,
            "costs": [asdict(cost) for cost in self.costs],
            "files": self.output.files,
            "data_bytes": self.output.data_bytes,
            "all_bytes": self.output.all_bytes,
            "payload_kept": self.payload_kept,
            "lacking": self.lacking,
        }


def median(values: "Sequence[float]") -> float:
    return statistics.median(values)


def ratio(theirs: "Sequence[float]", ours: "Sequence[float]") -> float:
    """How many times as much they need as we do."""
    return median(theirs) / median(ours)
