"""CSV, TSV and Parquet: a row per stimulus, a column per unit, ids in a column of text."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses._formats.meaning._named import STIMULI
from unbraid.responses._formats.tables._columns import check_columns, check_flags
from unbraid.responses._formats.tables._delimited import read_delimited
from unbraid.responses._formats.tables._header import is_missing, is_number
from unbraid.responses._formats.tables._parquet import read_frame
from unbraid.responses._formats.tables._unpacked import check_packed
from unbraid.responses._said import report
from unbraid.responses.labelled._responses import Responses

_ID_NAMES = (*STIMULI, "stimulus", "id", "name", "image", "filename", "image_name", "image_file")
_LIKE_AN_ID = re.compile(r"[_\s.-](id|ID|Id)$|[a-z](ID|Id)$")  # nsd_id, cocoId


def read(
    path: Path,
    stimuli: str | None = None,
    values: str | Sequence[str] | None = None,
    trials: bool = False,
    axes: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
) -> Responses:
    """Read a table; ``stimuli`` names the column of ids (default: the one column of text).

    ``values`` names the columns that are units, by names or globs (default: all others); in
    Parquet it may be one column of lists, a unit each place. ``header`` says whether the first
    line of a text names the columns, where this does not follow from the first two lines;
    ``decimal="."`` or ``","`` what begins a fraction, where the numbers do not show it.
    """
    size = check_file(path)
    if decimal not in (None, ",", "."):
        raise InputError(f"decimal must be ',' or '.', got {decimal!r}.")
    if path.suffix.lower() == ".parquet":
        table, unread = read_frame(path, size)
    else:
        check_packed(path, size)
        table, unread = read_delimited(
            path, lambda name: _is_id(name) or name == stimuli, header, decimal
        )
    names = [str(name).strip() for name in table.columns]
    if len(set(names)) < len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InputError(f"{path}: columns must have different names, got {twice!r} twice.")
    table.columns = names
    if axes is None and stimuli is None and len(table.index.names) == 1:
        check_columns(path, [], str(table.index.name), True)
    table = _with_index(path, table, stimuli)
    kept = _of_kind(table, "O")
    objects = [name for name in table.columns if name in kept]
    lists = [name for name in objects if any(isinstance(c, np.ndarray) for c in table[name][:1])]
    column = _id_column(path, table.drop(columns=lists), stimuli)
    if axes is None:
        beside = [name for name in table.columns if name not in (column, *lists)]
        check_columns(path, beside, None if stimuli else column, values is not None)
        if values is None:
            check_flags(path, table[beside])
    rows = None if column is None else _text(path, table.pop(column))
    numbers, columns = _units(path, table, lists, values, trials)
    turned = axes is not None and str(axes).split()[:1] == ["units"]
    return arrange(
        numbers,
        axes,
        str(path),
        stimuli=columns if turned else rows,
        units=rows if turned else columns,
        made_by=report({}, unread),
        trials=trials,
    )


def _with_index(path: Path, table: Any, wanted: str | None) -> Any:
    """Return a table's index as ids, or None where it only counts rows; it is never a unit."""
    index, names = table.index, [str(name) for name in table.index.names]
    table = table.reset_index(drop=True)
    likely = [name for name in names if name.lower() in _ID_NAMES]
    if wanted is not None:
        chosen = wanted if wanted in names else None
    elif any(str(name).lower() in _ID_NAMES for name in table):
        chosen = None
    elif len(names) > 1 and not likely:
        raise InputError(f"{path} has an index of {', '.join(names)}; say stimuli=LEVEL.")
    else:
        counts = len(names) == 1 and _counts(index)
        chosen = None if counts and not likely else (likely or names)[0]
    if chosen is not None:
        name = chosen if wanted is not None else STIMULI[0]
        table.insert(0, name, index.get_level_values(names.index(chosen)))
    return table


def _counts(index: Any) -> bool:
    """Return whether an index counts rows from 0, as pandas makes it, or as text of the same."""
    if index.dtype.kind in "iu":  # without a text for each of many rows
        return bool((index.to_numpy() == np.arange(len(index))).all())
    return [str(i) for i in index] == _count(len(index))


def _count(n: int) -> list[str]:
    return [str(number) for number in range(n)]


def _text(path: Path, column: Any) -> np.ndarray:
    """Return the cells of a column of ids; bytes are UTF-8, dates stay dates."""
    where = f"{path}: column {column.name!r}"
    if column.dtype.kind == "M":
        tz = getattr(column.dtype, "tz", None)
        cells: np.ndarray = column.to_numpy() if tz is None else column.astype(str).to_numpy()
    else:
        cells = column.to_numpy(dtype=object)
    gone = np.flatnonzero(column.isna() | (column.astype(object) == ""))
    if len(gone):
        raise InputError(
            f"{where} must name the stimulus of each row, got {len(gone)} of {len(cells)} "
            f"without a name, the first in row {gone[0]}."
        )
    try:
        return np.array([c.decode("utf-8") if isinstance(c, bytes) else c for c in cells],
                        dtype=cells.dtype)  # fmt: skip
    except UnicodeDecodeError:
        raise InputError(f"{where} must be UTF-8 text.") from None


def _is_id(name: str) -> bool:
    return name.lower() in _ID_NAMES or bool(_LIKE_AN_ID.search(name))


def _id_column(path: Path, table: Any, wanted: str | None) -> str | None:
    if wanted is not None:
        if wanted not in table:
            raise InputError(f"{path} has no column {wanted!r}; it has {_some(table.columns)}.")
        return wanted
    known = [name for name in table.columns if name.lower() in _ID_NAMES]
    if known:
        return known[0]
    alike = [name for name in table.columns if _is_id(name)]
    if alike:
        return alike[0]
    numeric = _of_kind(table, "fiub")
    text = [name for name in table.columns if name not in numeric]
    return text[0] if len(text) == 1 and not _mostly_numbers(table[text[0]]) else None


def _units(
    path: Path, table: Any, lists: list[str], wanted: str | Sequence[str] | None, trials: bool
) -> tuple[np.ndarray, list[str] | None]:
    """Return the numbers of the columns that are units, and their names unless they only count."""
    if wanted is not None:
        globs = [wanted] if isinstance(wanted, str) else list(wanted)
        chosen = [c for c in table if any(c == g or fnmatch.fnmatchcase(c, g) for g in globs)]
        if not chosen:
            raise InputError(f"{path} has no column {wanted!r}; it has {_some(table.columns)}.")
        table, lists = table[chosen], [name for name in lists if name in chosen]
    if len(lists) > 1:
        raise InputError(f"{path} has lists in columns {_some(lists)}; say values=COLUMN.")
    if lists:
        return _stacked(path, table[lists[0]]), None
    if not table.shape[1]:
        raise InputError(
            f"{path} has no column of numbers (cells stand between commas, semicolons or tabs)."
        )
    ids = [name for name in table if wanted is None and _is_id(name)]
    numeric = _of_kind(table, "fiub")
    table = table.copy(deep=False)
    for name in (*ids, *[name for name in table if name not in numeric]):
        cells = [
            str(cell)[:40] for cell in table[name] if not (is_number(cell) or is_missing(cell))
        ]
        if name not in ids and not cells:
            table[name] = _with_gaps(path, table[name], trials)
        else:
            came = "ids" if name in ids else repr(cells[0])
            raise InputError(
                f"{path}: column {name!r} must hold numbers, got {came}. If it is no unit, say "
                "which columns are: values='unit*'."
            )
    counts = list(table) in (_count(table.shape[1]), _count(table.shape[1] + 1)[1:])
    return table.to_numpy(dtype=np.float64, na_value=np.nan), None if counts else list(table)


def _with_gaps(path: Path, column: Any, trials: bool) -> np.ndarray:
    """Return a column of numbers, NaN for words for missing values, which only trials have."""
    missing = [str(cell) for cell in column if is_missing(cell)]
    if missing and not trials:
        raise InputError(
            f"{path}: column {column.name!r} must hold numbers, got {len(missing)} missing "
            f"({missing[0]!r}). Drop or impute those stimuli or units first."
        )
    return np.array([np.nan if is_missing(cell) else float(cell) for cell in column])


def _stacked(path: Path, column: Any) -> np.ndarray:
    try:
        return np.stack(column.to_numpy())
    except (ValueError, TypeError):
        raise InputError(
            f"{path}: lists in column {column.name!r} must have one length and no gaps."
        ) from None


def _of_kind(table: Any, kinds: str) -> set[str]:
    """Return the columns whose numbers are of these kinds."""
    return {name for name, dtype in zip(table.columns, table.dtypes, strict=True)
            if dtype.kind in kinds}  # fmt: skip


def _mostly_numbers(column: Any) -> bool:
    """Return whether a column of text is one of numbers with a mistake in it."""
    return sum(is_number(cell) or is_missing(cell) for cell in column) > len(column) / 2


def _some(names: Any) -> str:
    return ", ".join(list(names)[:8])
