"""Whether trailhouse does what it sets out to do, as sentences."""

from typing import Iterator, Optional

from floor import Floor
from results import Result, median, ratio
from systems import US, US_ON_ONE_THREAD

DUCKDB_GAIN = 10.0
CLICKHOUSE_GAIN = 4.0
PEAK_BYTES = 512 << 20
FLOOR, FLOOR_THREADS, FLOOR_TIMES = "inflate+parse", 2, 3.0
SPEED_UP = 1.8


def verdicts(results: "dict[str, Result]", floors: "list[Floor]") -> "Iterator[str]":
    """A sentence for each target."""
    duckdb, clickhouse = results.get("duckdb"), results.get("clickhouse")
    us, single = results.get(US), results.get(US_ON_ONE_THREAD)
    yield gain("DuckDB", DUCKDB_GAIN, us, duckdb)
    yield gain("ClickHouse", CLICKHOUSE_GAIN, us, clickhouse)
    yield less_work("DuckDB", us, duckdb)
    yield less_work("ClickHouse", us, clickhouse)
    yield small_memory(us)
    yield small_output(us, duckdb)
    yield near_floor(us, floors)
    yield speed_up(us, single)


def gain(title: str, least: float, us: Optional[Result], peer: Optional[Result]) -> str:
    target = f"at least {least:g} times as fast as {title}"
    if not us or not peer:
        return unknown(target)
    whole = ratio(peer.wall, us.wall)
    alone = f", {ratio(peer.work, us.wall):.1f} times without what {title} takes to start" if peer.work else ""
    return told(whole >= least, target, f"{whole:.1f} times{alone}")


def less_work(title: str, us: Optional[Result], peer: Optional[Result]) -> str:
    target = f"less work for the cores than {title}"
    if not us or not peer:
        return unknown(target)
    ours, theirs = median(us.cpu), median(peer.cpu)
    return told(ours < theirs, target, f"{ours:.2f} s for {theirs:.2f} s")


def small_memory(us: Optional[Result]) -> str:
    target = f"at most {PEAK_BYTES >> 20} MiB of memory"
    if not us:
        return unknown(target)
    peak = max(us.peak)
    return told(peak <= PEAK_BYTES, target, f"{peak / 2**20:.0f} MiB at most")


def small_output(us: Optional[Result], peer: Optional[Result]) -> str:
    target = "data files no larger than DuckDB's"
    if not us or not peer:
        return unknown(target)
    ours, theirs = us.output.data_bytes, peer.output.data_bytes
    return told(ours <= theirs, target, f"{ours / 1e6:.1f} MB for {theirs / 1e6:.1f} MB")


def near_floor(us: Optional[Result], floors: "list[Floor]") -> str:
    target = f"at most {FLOOR_TIMES:g} times what it takes to inflate and parse on {FLOOR_THREADS} threads"
    found = [floor.seconds for floor in floors if (floor.floor, floor.threads) == (FLOOR, FLOOR_THREADS)]
    if not us or not found:
        return unknown(target)
    times = median(us.wall) / found[0]
    return told(times <= FLOOR_TIMES, target, f"{times:.1f} times: {median(us.wall):.2f} s for {found[0]:.2f} s")


def speed_up(us: Optional[Result], single: Optional[Result]) -> str:
    target = f"at least {SPEED_UP:g} times as fast on all cores as on one thread"
    if not us or not single:
        return unknown(target)
    times = ratio(single.wall, us.wall)
    return told(times >= SPEED_UP, target, f"{times:.2f} times")


def told(met: bool, target: str, found: str) -> str:
    return f"{'met' if met else 'not met'}: {target}: {found}"


def unknown(target: str) -> str:
    return f"not measured: {target}"
