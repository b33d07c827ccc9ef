"""Objects that bring the names of their rows: pandas, xarray, polars, Arrow; none is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.meaning._dimensions import of_assembly
from unbraid.responses._formats.tables._columns import names_units
from unbraid.responses.labelled._ids import as_ids
from unbraid.responses.labelled._labels import Labelled

_KINDS = {
    ("pandas", "DataFrame"): "frame",
    ("pandas", "Series"): "series",
    ("xarray", "DataArray"): "assembly",
    ("xarray", "Dataset"): "dataset",
    ("polars", "DataFrame"): "table",
    ("polars", "LazyFrame"): "lazy",
    ("pyarrow", "Table"): "table",
    ("pyarrow", "RecordBatch"): "table",
}


def kind_of(value: Any) -> str | None:
    """Return what an object is, by the names of its classes; None for an array and the like."""
    if isinstance(value, np.ndarray):
        return None
    for base in type(value).__mro__:
        found = _KINDS.get((base.__module__.partition(".")[0], base.__name__))
        if found:
            return found
    return None


def labelled(value: Any) -> Labelled | None:
    """Return the numbers and names that an object brings; None for an array and the like."""
    kind = kind_of(value)
    if kind == "frame":
        return _frame(value)
    if kind == "table":
        return _table(value)
    if kind == "assembly":
        return of_assembly(value)
    if kind is not None:
        remedy = {
            "series": "use values.to_frame() if there is one unit",
            "dataset": "take one of its variables, values['NAME']",
            "lazy": "collect it first, values.collect()",
        }[kind]
        raise InputError(
            f"values must have shape (n_stimuli, n_units), got a {type(value).__name__}; {remedy}."
        )
    return None


def row_names(value: Any, name: str) -> np.ndarray | None:
    """Return the ids that the index of a frame or series holds; None if it only counts rows.

    The index that pandas makes by itself, 0 .. n - 1 in order and without a name, is no id. In
    another order, or of some of the rows, it is.
    """
    if counts_rows(value):
        return None
    index = value.index
    if index.nlevels > 1:
        levels = ", ".join(str(level) for level in index.names)
        raise InputError(
            f"{name} has an index of several levels ({levels}): keep one with {name}.droplevel(...)"
            f" or join them, {name}.index = ['/'.join(map(str, i)) for i in {name}.index]."
        )
    if getattr(index.dtype, "tz", None) is not None:
        index = index.astype(str)
    if index.has_duplicates:
        twice = index[index.duplicated()][0]
        raise InputError(
            f"the index of {name} must name each row once, got {str(twice)!r} twice. If these are "
            f"repeats of one stimulus: unbraid.from_trials({name}, {name}.index); if they are no "
            f"ids: {name}.reset_index(drop=True)."
        )
    return as_ids(np.asarray(index), len(index), f"the index of {name}")


def counts_rows(value: Any) -> bool:
    """Return whether a frame's or series' index is the one that pandas makes by itself."""
    if kind_of(value) not in ("frame", "series"):
        return False
    index = value.index
    plain = index.nlevels == 1 and index.name is None and index.dtype.kind in "iu"
    return plain and bool(np.array_equal(np.asarray(index), np.arange(len(index))))


def _frame(frame: Any) -> Labelled:
    if frame.index.nlevels == 1 and names_units(str(frame.index.name)):
        raise InputError(
            f"values has an index named {frame.index.name!r}, like units, which are columns here: "
            "turn it, values.T, or rename the index if its rows are stimuli."
        )
    for column, dtype in zip(frame.columns, frame.dtypes, strict=True):
        if dtype.kind not in "fiubc":
            raise InputError(
                f"values must hold numbers, its column {column!r} holds {dtype}. If it names the "
                f"stimuli: values.set_index({column!r}); else leave it out."
            )
    plain = [d if isinstance(d, np.dtype) else None for d in frame.dtypes]
    same = len(set(plain)) == 1 and plain[0] is not None
    # pandas' own types may hold NA; columns of several types would become objects
    values = frame.to_numpy() if same else frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return Labelled(values, row_names(frame, "values"), _units(frame.columns))


def _units(columns: Any) -> list[str] | None:
    """Return the names of columns, the levels of one joined; None if they only count."""
    if columns.nlevels > 1:
        return ["/".join(map(str, levels)) for levels in columns]
    if columns.dtype.kind in "iu" and np.array_equal(np.asarray(columns), np.arange(len(columns))):
        return None
    return [str(column) for column in columns]


def _table(table: Any) -> Labelled:
    """Return a table that has no index: columns are units, a column of text is refused."""
    names = [str(name) for name in getattr(table, "column_names", None) or table.columns]
    columns = [np.asarray(table[name]) for name in names]
    text = [name for name, column in zip(names, columns, strict=True)
            if column.dtype.kind not in "fiubc"]  # fmt: skip
    if text:
        raise InputError(
            f"values must hold numbers, its column {text[0]!r} does not. If it names the stimuli: "
            f"unbraid.Responses(the other columns, stimuli=values[{text[0]!r}]); else leave it out."
        )
    if not columns:
        raise InputError("values must hold at least one stimulus and one unit, got no column.")
    return Labelled(np.stack(columns, axis=1), None, names)
