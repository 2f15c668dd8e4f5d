"""Asks trailhouse, DuckDB, ClickHouse and Polars the same 30 questions over the same Parquet files.

Made-up logs are converted to a dataset as `convert` leaves it, and to one that is compacted too. Each question is asked

  cold  as a whole command: `trailhouse query`, DuckDB's own program, and a Python process for each package. The files
        are in the system's cache. What starting costs is measured by itself.
  warm  in one session: once to warm up, then again and again, with the median of these.

The programs take turns, round by round, and their answers must be equal: a difference fails the run. What is asked is
in questions/, and how each engine is used best in engines/, a file each.

`benches/compare/run [TRAILHOUSE] queries [OPTION...]` makes the Python environment and calls this in it.
"""

import argparse
import os
import sys
from itertools import chain
from pathlib import Path
from typing import Any, Iterator

import host
import values
from compare import MANY_FILES, MODES, Effort, Subject, compare, starts
from contestants import PEERS, USUAL, Contestant, Trailhouse
from datasets import LAYOUTS, PLAIN, Workshop, summary
from measure import Failed
from questions import Question, of_planning, suite
from report import Report

EXAMPLES = """\
examples:
  run.py --trailhouse target/release/trailhouse                          all questions, a million events: an hour or so
  run.py --trailhouse T --events 100000 --days 7 --commit-every 2MiB --rounds 1                      a first look
  run.py --trailhouse T --events 1000000,10000000 --out queries.md --json queries.json  ten million: hours, and 20 GB
  run.py --trailhouse T --questions 01,event --modes warm --engines duckdb                           some of it only
  run.py --trailhouse T --events '' --plan-files 50000           only how long one partition among 50,000 files takes

exit codes: 0 all answers are equal, 1 some are not, or some engine failed, 2 wrong usage. Missed targets are told, and
change nothing."""


def main() -> int:
    options = parse()
    contestants: list[Contestant] = [Trailhouse(options.trailhouse), *(PEERS[name] for name in options.engines)]
    workshop = Workshop(options.work, options.trailhouse, options.seed, options.days, options.commit_every)
    effort = Effort(options.rounds, options.repeats)
    report = Report(
        [
            *host.lines(),
            f"load average before: {os.getloadavg()[0]:.1f}",
            f"medians; rounds: {effort.rounds}, each of a command, or of a session that asks {effort.repeats} times",
        ]
    )
    try:
        report.facts.append(", ".join(f"{contestant.title} {contestant.version()}" for contestant in contestants))
        report.starts.update(starts(contestants))
        for subject in chain(subjects(options, workshop), many_files(options, workshop)):
            for mode in options.modes:
                report.comparisons.append(compare(subject, mode, contestants, effort, report.judge))
    except (Failed, values.Missing, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        report.judge.faults.append(f"the run ended early: {error}")
    write(options, report)
    return 1 if report.judge.faults else 0


def write(options: argparse.Namespace, report: Report) -> None:
    if options.json:
        options.json.write_text(report.json(), "utf-8")
    if options.out:
        options.out.write_text(report.markdown(), "utf-8")
    else:
        print(f"\n{report.markdown()}", end="")


def subjects(options: argparse.Namespace, workshop: Workshop) -> Iterator[Subject]:
    """Each number of events, in each layout, for the same values."""
    for events in options.events:
        given = values.of_suite(workshop.layout(PLAIN, events))
        for layout in options.layouts:
            dataset = workshop.layout(layout, events)
            title = f"{events:,} events, {layout}"
            yield Subject(title, str(events), dataset, summary(dataset), options.questions, given)


def many_files(options: argparse.Namespace, workshop: Workshop) -> Iterator[Subject]:
    """A dataset of very many files, if it is asked for."""
    if options.plan_files:
        dataset = workshop.many_files(options.plan_files)
        files = summary(dataset)
        title = f"one partition among {files.split()[0]} files"
        yield Subject(title, MANY_FILES, dataset, files, [of_planning()], values.of_planning(dataset))


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--trailhouse", required=True, type=Path, metavar="BINARY", help="the program, built for release")
    add("--events", default="1000000", type=counts, metavar="N,...", help="sizes of datasets [1000000]; '' for none")
    layouts = f"of {', '.join(LAYOUTS)} [both]"
    add("--layouts", default=list(LAYOUTS), type=names(LAYOUTS), metavar="L,...", help=layouts)
    add("--modes", default=list(MODES), type=names(MODES), metavar="M,...", help=f"of {', '.join(MODES)} [both]")
    usual = f"of {', '.join(PEERS)} [all but duckdb-delta, whose extension has to be installed first]"
    add("--engines", default=USUAL, type=names(PEERS), metavar="E,...", help=usual)
    add("--questions", default=suite(), type=named, metavar="Q,...", help="only those with one of these in their names")
    add("--plan-files", type=int, metavar="N", help="also a dataset of about so many files; the target is for 50000")
    add("--days", type=int, default=30, metavar="N", help="days that the events are spread over [30]")
    add("--seed", type=int, default=21, metavar="S", help="the same seed makes the same events [21]")
    commits = "log objects that convert commits at a time: the less, the more and smaller are the plain files [32MiB]"
    add("--commit-every", default="32MiB", metavar="SIZE", help=commits)
    add("--rounds", type=positive, default=3, metavar="N", help="how often the engines take turns [3]")
    add("--repeats", type=positive, default=5, metavar="N", help="how often a warm session repeats a question [5]")
    work = host.ROOT / "target" / "compare" / "queries"
    kept = "where datasets are made and kept for the next run [target/compare/queries]"
    add("--work", type=Path, default=work, metavar="DIR", help=kept)
    add("--out", type=Path, metavar="FILE", help="write the report, in Markdown, to a file instead of standard output")
    add("--json", type=Path, metavar="FILE", help="write all that was measured to a file")
    options = parser.parse_args()
    options.trailhouse, options.work = options.trailhouse.resolve(), options.work.resolve()
    if not options.trailhouse.is_file():
        parser.error(f"there is no program {options.trailhouse}; build it with cargo build --release, or name another")
    options.work.mkdir(parents=True, exist_ok=True)
    return options


def counts(text: str) -> list[int]:
    """Numbers with commas between them; none at all is none."""
    return [positive(word) for word in text.split(",") if word]


def positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("1 is the least")
    return number


def named(text: str) -> list[Question]:
    """The questions with one of these words in their names."""
    found = [question for question in suite() if any(word in question.name for word in text.split(","))]
    if not found:
        raise argparse.ArgumentTypeError(f"no question has {text} in its name; questions/ has them")
    return found


def names(known: Any) -> Any:
    """Reads some of these names, in the order of `known`."""

    def read(text: str) -> list[str]:
        wanted = text.split(",")
        for word in wanted:
            if word not in known:
                raise argparse.ArgumentTypeError(f"there is no {word}; there are {', '.join(known)}")
        return [name for name in known if name in wanted]

    return read


if __name__ == "__main__":
    sys.exit(main())
