"""What a comparison was run on."""

import os
import platform
import subprocess
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def lines() -> list[str]:
    """The machine, the commit and the time, a line each."""
    return [
        f"host: {processor()}, {os.cpu_count()} cores, {memory() / 2**30:.0f} GiB, {platform.platform()}",
        f"commit: {commit()}",
        f"time: {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
    ]


def processor() -> str:
    """Its model, where the system tells."""
    try:
        facts = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = (fact.partition(":")[2].strip() for fact in facts if fact.startswith("model name"))
    return next(models, platform.machine())


def memory() -> int:
    """Bytes of it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def commit() -> str:
    """The commit of this checkout, and whether it was changed since."""
    try:
        head = git("rev-parse", "--short=12", "HEAD")
        return head + (" with changes" if git("status", "--porcelain", "--untracked-files=no") else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()
