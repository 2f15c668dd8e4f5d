"""Whether trailhouse does what it sets out to do, as sentences."""

from typing import Iterator

from compare import COLD, MANY_FILES, Comparison
from questions import Question

NEEDLE = "01-event-by-id"
NEEDLE_OVERHEAD = 0.100
SELECTIVE_GAIN = 2.0
WORST_SLOWDOWN = 1.2
PLANNING_GAIN = 10.0

US, REFERENCE = "trailhouse", "DuckDB"


def told(comparison: Comparison, starts: dict[str, float]) -> Iterator[str]:
    """A sentence for each target that a comparison tells something of."""
    gains = known_gains(comparison)
    if comparison.subject.events == MANY_FILES:
        yield from gain(comparison, f"at least {PLANNING_GAIN:g} times as fast as DuckDB", gains, PLANNING_GAIN)
        return
    if comparison.mode == COLD and NEEDLE in comparison.results:
        yield from needle(comparison, starts)
    selective = [(question, ratio) for question, ratio in gains if question.kind == "selective"]
    target = f"selective questions at least {SELECTIVE_GAIN:g} times as fast as DuckDB"
    yield from gain(comparison, target, selective, SELECTIVE_GAIN)
    target = f"no question takes more than {WORST_SLOWDOWN:g} times as long as DuckDB"
    yield from gain(comparison, target, gains, 1 / WORST_SLOWDOWN)


def needle(comparison: Comparison, starts: dict[str, float]) -> Iterator[str]:
    """What a command that looks one event up takes beyond starting."""
    took = {title: comparison.median(NEEDLE, title) for title in starts}
    beyond = {title: seconds - starts[title] for title, seconds in took.items() if seconds is not None}
    if US in beyond:
        target = f"a needle takes at most {NEEDLE_OVERHEAD * 1000:.0f} ms beyond the start of the process"
        told = ", ".join(f"{title} {seconds * 1000:.0f} ms" for title, seconds in beyond.items())
        yield f"{word(beyond[US] <= NEEDLE_OVERHEAD)}: {comparison.title}: {target}: {told}"


def known_gains(comparison: Comparison) -> list[tuple[Question, float]]:
    """How many times as fast as DuckDB each question is answered, where DuckDB takes part in some form: as the fastest
    of these. What trailhouse cannot answer gains nothing."""
    forms = [title for title in comparison.contestants if title.startswith(REFERENCE)]
    gains = []
    for question in comparison.subject.questions:
        ours = comparison.median(question.name, US)
        theirs = [comparison.median(question.name, title) for title in forms]
        known = [seconds for seconds in theirs if seconds is not None]
        if known:
            gains.append((question, min(known) / ours if ours else 0.0))
    return gains


def gain(comparison: Comparison, target: str, gains: list[tuple[Question, float]], least: float) -> Iterator[str]:
    """Whether all questions gain as much as they should."""
    if gains:
        missed = [f"{question.name} {ratio:.2f}×" for question, ratio in gains if ratio < least]
        least_found = min(ratio for _, ratio in gains)
        found = f"{len(gains) - len(missed)} of {len(gains)}, the least {least_found:.2f}×"
        found += f"; not {', '.join(missed)}" if missed else ""
        yield f"{word(not missed)}: {comparison.title}: {target}: {found}"


def word(met: bool) -> str:
    return "met" if met else "missed"
