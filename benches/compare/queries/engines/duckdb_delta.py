"""DuckDB by the dataset's Delta log instead of its directories: delta_scan, which lists no files.

It needs DuckDB's extension `delta`, which is not part of the package. `INSTALL delta` fetches it once from DuckDB's
site; `INSTALL 'FILE'` takes a file, such as duckdb-extension-delta on PyPI holds for some versions. So it takes part
only when it is asked for.
"""

import engines.duckdb
from engines import Ask
from engines import sql_literal as literal

__all__ = ["literal", "open", "table"]


def table(dataset: str) -> str:
    return f"delta_scan('{dataset}')"


def open(_: str) -> Ask:
    return engines.duckdb.session("LOAD delta")
