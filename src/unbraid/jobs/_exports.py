"""Rows of results for other tools: a Parquet file, and SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbraid import _folders
from unbraid._optional import need
from unbraid.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

Rows = Sequence[Mapping[str, Any]]


def write_parquet(rows: Rows, path: str | Path) -> Path:
    """Write rows to one Parquet file, whole or not at all."""
    parquet = need("pyarrow.parquet", "results", "Parquet", " Or use --json.")
    path = Path(path).expanduser()
    table = _arrow(rows)
    with _folders.replacing(path) as temporary:
        parquet.write_table(table, temporary)
    return path


def query(text: str, tables: Mapping[str, Rows]) -> pd.DataFrame:
    """Answer a query on tables in memory; the query reaches no file and no network."""
    duckdb = need("duckdb", "results", "SQL", " Or use --where, --json or --parquet.")
    arrow = {name: _arrow(rows) for name, rows in tables.items() if rows}
    with duckdb.connect(":memory:") as connection:
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        for name, table in arrow.items():
            connection.register(name, table)
        try:
            return connection.execute(text).df()
        except duckdb.Error as error:
            known = "; ".join(f"{n} ({', '.join(t.column_names)})" for n, t in arrow.items())
            why = str(error).strip().splitlines()[0]
            raise InputError(f"The query cannot be answered: {why} Tables: {known}.") from None


def _arrow(rows: Rows) -> Any:
    pyarrow = need("pyarrow", "results", "A table of the results")
    names = list(dict.fromkeys(name for row in rows for name in row))
    return pyarrow.table({name: _of_one_type([row.get(name) for row in rows]) for name in names})


def _of_one_type(values: list[Any]) -> list[Any]:
    """Return a column whose values are of one type, as Arrow asks; text where they differ."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} and float in kinds:
        return [None if value is None else float(value) for value in values]
    return values if len(kinds) <= 1 else [None if v is None else str(v) for v in values]
