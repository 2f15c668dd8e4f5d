"""Makes the log objects that are converted, and keeps them: what lies there was made with the options in its name."""

import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from errors import Failed

CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Recipe:
    """What `trailhouse generate` is asked for. Without `files`, it makes one object for about a thousand events."""

    events: int
    seed: int
    days: int
    files: int = 0

    def name(self) -> str:
        files = f"-files-{self.files}" if self.files else ""
        return f"events-{self.events}-seed-{self.seed}-days-{self.days}{files}"

    def options(self) -> "list[str]":
        amounts = {"--events": self.events, "--seed": self.seed, "--days": self.days}
        if self.files:
            amounts["--files"] = self.files
        return [word for option, amount in amounts.items() for word in (option, str(amount))]


@dataclass(frozen=True)
class Input:
    """Made-up log objects without duplicates or damage, and what the generator says of them."""

    directory: Path
    events: int
    objects: int
    gzip_bytes: int
    json_bytes: int
    partitions: int

    @property
    def logs(self) -> Path:
        """The directory to convert."""
        return self.directory / "AWSLogs"

    def line(self) -> str:
        """Its figures."""
        return (
            f"{self.events:,} events in {self.objects:,} log objects, {self.json_bytes / 1e6:,.1f} MB of JSON in "
            f"{self.gzip_bytes / 1e6:,.1f} MB of gzip, {self.partitions:,} partitions"
        )

    def plain(self) -> "dict[str, int]":
        """Its figures, as JSON has them."""
        return {name: value for name, value in vars(self).items() if name != "directory"}

    def warm(self) -> None:
        """Reads all objects, so that they are in the system's cache."""
        for path in self.logs.rglob("*.json.gz"):
            with path.open("rb") as log:
                while log.read(CHUNK_BYTES):
                    pass


def prepare(trailhouse: Path, work: Path, recipe: Recipe) -> Input:
    """The log objects of a recipe, made now or earlier. The directory gets its name when it is whole."""
    directory = work / recipe.name()
    if not directory.exists():
        part = directory.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.parent.mkdir(parents=True, exist_ok=True)
        command = [str(trailhouse), "generate", *recipe.options(), "--to", str(part)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"generate ended with {done.returncode}: {done.stderr.strip()[-500:]}")
        part.rename(directory)
    truth = json.loads((directory / "truth.json").read_text("utf-8"))
    return Input(
        directory,
        events=truth["events"]["written"],
        objects=truth["objects"],
        gzip_bytes=truth["compressed_bytes"],
        json_bytes=truth["inflated_bytes"],
        partitions=len(truth["partitions"]),
    )
