"""CSV, TSV and Parquet: a row a stimulus, a column a unit, ids in a column of text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._axes import arrange
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import STIMULI
from unbraid.responses._responses import Responses

_ID_NAMES = (*STIMULI, "stimulus", "stimulus_id", "image_id", "id", "name", "image")


def read(
    path: Path, stimuli: str | None = None, trials: bool = False, axes: str | None = None
) -> Responses:
    """Read a table; ``stimuli`` names the column of ids (default: the one column of text)."""
    size = check_file(path)
    table = _parquet(path, size) if path.suffix.lower() == ".parquet" else _csv(path)
    names = [str(name) for name in table.columns]
    if len(set(names)) < len(names):
        raise InputError(f"{path}: columns must have different names.")
    table.columns = names
    column = _id_column(path, table, stimuli)
    ids = None if column is None else table.pop(column).to_numpy(dtype=object)
    return arrange(
        _numbers(path, table),
        axes,
        str(path),
        stimuli=ids,
        units=None if all(name.isdigit() for name in table.columns) else list(table.columns),
        trials=trials,
    )


def _csv(path: Path) -> Any:
    import pandas

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    with reading(path, "CSV"):
        with path.open(encoding="utf-8") as stream:
            first = stream.readline(10_000_000).rstrip("\r\n").split(separator)
        if "\0" in "".join(first):
            raise InputError(f"{path} is not text.")
        header = None if all(_is_number(cell) for cell in first) else 0
        return pandas.read_csv(path, sep=separator, header=header, keep_default_na=False)


def _parquet(path: Path, size: int) -> Any:
    parquet = need("pyarrow.parquet", "results", ".parquet")
    with reading(path, "Parquet"):
        file = parquet.ParquetFile(path)
        about = file.metadata
        check_claim(about.num_rows * about.num_columns * 8, size, str(path))
        return file.read().to_pandas(ignore_metadata=False).reset_index(drop=False).pipe(_no_index)


def _no_index(table: Any) -> Any:
    """Drop the running number that reset_index makes of an index that says nothing."""
    plain = "index" in table and table["index"].tolist() == list(range(len(table)))
    return table.drop(columns="index") if plain else table


def _id_column(path: Path, table: Any, wanted: str | None) -> str | None:
    if wanted is not None:
        if wanted not in table:
            raise InputError(f"{path} has no column {wanted!r}; it has {_some(table.columns)}.")
        return wanted
    named = [name for name in table.columns if name.lower() in _ID_NAMES]
    if named:
        return named[0]
    text = [name for name in table.columns if not _is_numeric(table[name])]
    return text[0] if len(text) == 1 and not _mostly_numbers(table[text[0]]) else None


def _numbers(path: Path, table: Any) -> np.ndarray:
    if not table.shape[1]:
        raise InputError(f"{path} has no column of numbers.")
    for name in table.columns:
        if not _is_numeric(table[name]):
            odd = [str(cell)[:40] for cell in table[name] if not _is_number(cell)]
            if odd:
                raise InputError(f"{path}: column {name!r} must hold numbers, got {odd[0]!r}.")
    return table.astype(np.float64).to_numpy()


def _is_numeric(column: Any) -> bool:
    return column.dtype.kind in "fiub"


def _mostly_numbers(column: Any) -> bool:
    """Return whether a column of text is one of numbers with a mistake in it."""
    return sum(_is_number(cell) for cell in column) > len(column) / 2


def _is_number(cell: Any) -> bool:
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _some(names: Any) -> str:
    return ", ".join(list(names)[:8])
