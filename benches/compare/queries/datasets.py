"""Makes the datasets, and keeps them: what is there under the same name was made with the same options."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from measure import run

PLAIN, COMPACTED = "plain", "compacted"
LAYOUTS = (PLAIN, COMPACTED)


@dataclass(frozen=True)
class Workshop:
    """Where datasets are made, with what, and how."""

    work: Path
    trailhouse: Path
    seed: int
    days: int
    commit_every: str

    def layout(self, name: str, events: int) -> Path:
        """The dataset of so many events: plain, as `convert` leaves it, or compacted."""
        plain = self.kept(
            f"events-{events}-days-{self.days}-seed-{self.seed}-commit-{self.commit_every}",
            lambda to: self.convert(to, self.commit_every, "--events", str(events), "--days", str(self.days)),
        )
        if name == PLAIN:
            return plain
        return self.kept(f"{plain.name}-compacted", lambda to: self.compact(plain, to))

    def many_files(self, files: int) -> Path:
        """A dataset of about so many data files, of a few events each, made in many commits: a log object for each
        twelve files, over ten years. The events of an object go to some thirteen services."""
        amounts = {"--events": 6 * files, "--files": max(files // 12, 1), "--days": 3650}
        options = [word for option, amount in amounts.items() for word in (option, str(amount))]
        return self.kept(f"files-{files}-seed-{self.seed}", lambda to: self.convert(to, "2MiB", *options))

    def kept(self, name: str, make: Callable[[Path], None]) -> Path:
        """What was made under a name, now or earlier. It gets its name when it is whole."""
        path, part = self.work / name, self.work / f"{name}.part"
        if not path.exists():
            shutil.rmtree(part, ignore_errors=True)
            print(f"Making {path}", flush=True)
            make(part)
            part.rename(path)
        return path

    def convert(self, to: Path, commit_every: str, *generated: str) -> None:
        logs = to.with_suffix(".logs")
        shutil.rmtree(logs, ignore_errors=True)
        self.call("generate", *generated, "--seed", str(self.seed), "--to", str(logs))
        self.call("convert", str(logs / "AWSLogs"), "--to", str(to), "--commit-every", commit_every)
        shutil.rmtree(logs)

    def compact(self, plain: Path, to: Path) -> None:
        """A copy that is compacted. What was replaced is deleted at once, for readers of directories see it, too."""
        shutil.copytree(plain, to)
        self.call("compact", str(to))
        self.call("vacuum", str(to), "--retention", "0s", "--force")

    def call(self, *arguments: str) -> None:
        run([str(self.trailhouse), *arguments])


def summary(dataset: Path) -> str:
    """How many data files there are, and how large they are."""
    sizes = [path.stat().st_size for path in dataset.glob("date=*/service=*/region=*/*.parquet")]
    return f"{len(sizes):,} data files, {sum(sizes) / 2**20:,.1f} MiB"
