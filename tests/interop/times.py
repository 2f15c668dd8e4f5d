"""Reads the times CloudTrail writes."""

import re
from datetime import date, datetime, timedelta, timezone
from typing import Any

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
MICROSECOND = timedelta(microseconds=1)
EXTENDED = r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:?\d\d)"
BASIC = r"(\d{4})(\d\d)(\d\d)[Tt](\d\d)(\d\d)(\d\d)()([Zz])"


def read_time(value: Any) -> int | None:
    """Microseconds since 1970 UTC of ISO 8601 text, extended (2023-07-10T11:42:31Z) or basic (20131102T010628Z).

    A leap second is the first of the following minute, as in POSIX. `None` for everything else: a time without a zone
    might be local.
    """
    if not isinstance(value, str):
        return None
    match = re.fullmatch(EXTENDED, value, re.ASCII) or re.fullmatch(BASIC, value, re.ASCII)
    if match is None:
        return None
    *numbers, fraction, zone = match.groups()
    year, month, day, hour, minute, second = map(int, numbers)
    leap = second == 60
    try:
        time = datetime(year, month, day, hour, minute, second - leap, tzinfo=timezone.utc)
    except ValueError:
        return None
    micros = (time - EPOCH) // MICROSECOND + 1_000_000 * leap + int((fraction or "").ljust(6, "0")[:6])
    return micros - zone_micros(zone)


def zone_micros(zone: str) -> int:
    """How far a zone is ahead of UTC."""
    if zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return (-1 if zone[0] == "-" else 1) * (hours * 3600 + minutes * 60) * 1_000_000


def usual_form(micros: int) -> str | None:
    """The time as CloudTrail writes it, in whole seconds, if it can be written so."""
    if micros % 1_000_000:
        return None
    try:
        return (EPOCH + micros * MICROSECOND).replace(tzinfo=None).isoformat() + "Z"
    except OverflowError:
        return None


def utc_date(micros: int) -> str:
    """The UTC date a time falls on."""
    return (EPOCH + micros * MICROSECOND).date().isoformat()


def leading_date(value: Any) -> str | None:
    """The first ten characters, if they are a date."""
    if not isinstance(value, str) or not re.match(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return None
    try:
        return date.fromisoformat(value[:10]).isoformat()
    except ValueError:
        return None
