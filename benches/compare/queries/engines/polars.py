"""Polars: one lazy frame over the Hive directories, and a question as an expression of it.

* The partition columns have their types, so that conditions on them choose files by name alone.
* The streaming engine, which Polars recommends for what may be larger than memory.
* The frame is kept between questions, and with it the list of files. Each question sees the files as they were when
  the frame was made, as trailhouse does within a session.

Polars reads no bloom filters. Its SQL has no paths into JSON, so questions are put as its users put them, in Python.
"""

import datetime

from engines import Ask, Rows, glob

__all__ = ["literal", "open", "table"]

literal = repr


def table(_: str) -> str:
    return "events"


def open(dataset: str) -> Ask:
    import polars as pl

    types = {"date": pl.Date, "service": pl.String, "region": pl.String}
    events = pl.scan_parquet(glob(dataset), hive_partitioning=True, hive_schema=types)
    names = {"pl": pl, "col": pl.col, "datetime": datetime, "events": events}

    def ask(query: str) -> Rows:
        frame = eval(f"({query})", names).collect(engine="streaming")
        return list(frame.rows(named=True))

    return ask
