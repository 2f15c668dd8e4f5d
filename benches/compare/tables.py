"""Tables in Markdown."""

from typing import Iterator, Sequence

from floor import Floor
from results import Result, median, ratio
from systems import US


def table(head: "Sequence[str]", rows: "Sequence[Sequence[str]]") -> "list[str]":
    """Words to the left, figures to the right."""
    return [
        line(head),
        line(["---", *["--:"] * (len(head) - 1)]),
        *(line(row) for row in rows),
    ]


def line(cells: "Sequence[str]") -> str:
    return f"| {' | '.join(cells)} |"


def spread(values: "Sequence[float]", digits: int = 2, unit: float = 1.0) -> str:
    """The median, and between what it lies."""
    if not values:
        return ""
    least, most, middle = (f"{value / unit:.{digits}f}" for value in (min(values), max(values), median(values)))
    return middle if len(values) == 1 else f"{middle} ({least}–{most})"


def figures(results: "dict[str, Result]") -> "list[str]":
    """What each system needs."""
    costs = ["seconds", "work alone", "CPU seconds", "peak MiB"]
    head = ["", *costs, "files", "MB", "all MB", "payloads", "values", "rounds"]
    rows = [
        [
            result.system.title,
            spread(result.wall),
            spread(result.work),
            spread(result.cpu),
            spread(result.peak, 0, 2**20),
            f"{result.output.files:,}",
            f"{result.output.data_bytes / 1e6:.1f}",
            f"{result.output.all_bytes / 1e6:.1f}",
            "kept" if result.payload_kept else "rewritten",
            "all" if not result.lacking else f"{sum(result.lacking.values()):,} lost",
            str(len(result.costs)),
        ]
        for result in results.values()
    ]
    return table(head, rows)


def ratios(results: "dict[str, Result]") -> "list[str]":
    """How many times as much as trailhouse each system needs."""
    us = results.get(US)
    if not us:
        return []
    head = ["× trailhouse", "seconds", "work alone", "CPU seconds", "memory", "bytes"]
    rows = [
        [
            result.system.title,
            f"{ratio(result.wall, us.wall):.1f}",
            f"{ratio(result.work, us.wall):.1f}" if result.work else "",
            f"{ratio(result.cpu, us.cpu):.1f}",
            f"{ratio(result.peak, us.peak):.1f}",
            f"{result.output.data_bytes / us.output.data_bytes:.2f}",
        ]
        for result in results.values()
        if result is not us
    ]
    return table(head, rows)


def floor_table(floors: "list[Floor]") -> "list[str]":
    """What converting cannot be faster than."""
    rows = [
        [f"{floor.floor}, threads: {floor.threads}", f"{floor.seconds:.2f}", f"{floor.cpu_seconds:.2f}"]
        for floor in floors
    ]
    return table(["floor", "seconds", "CPU seconds"], rows)


def losses(results: "dict[str, Result]") -> "Iterator[str]":
    """Which values of which fields were lost."""
    for result in results.values():
        if result.lacking:
            fields = ", ".join(f"{name} {count:,}" for name, count in result.lacking.items())
            yield f"{result.system.title} lacks values of: {fields}"
