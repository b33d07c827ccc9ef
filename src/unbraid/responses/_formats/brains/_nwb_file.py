"""What readers of NWB share: columns, the table of trials, which cells are taken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.arrays._packed import unpack
from unbraid.responses._formats.brains._events import starts_of
from unbraid.responses._formats.meaning._entry import plain
from unbraid.responses._said import Said

CELLS = ("accepted", "all")
_ACCEPTED = (
    "iscell", "is_cell", "Accepted", "accepted", "valid_roi", "quality", "group", "KSLabel",
)  # fmt: skip
_GOOD = "good"
_STIMULUS = (
    "stimulus_id", "stimulus", "image_id", "image_name", "image", "stim_id", "frame", "condition",
    "stimulus_name",
)  # fmt: skip
_SECONDS = ("seconds", "second", "s", "sec", "")
_DATA = ("acquisition/", "processing/", "stimulus/", "analysis/", "scratch/")


@dataclass(frozen=True)
class Presentations:
    """When each trial starts, which stimulus it showed, and what was read to know it."""

    starts: np.ndarray
    shown: Any
    made_by: dict[str, Any]
    used: frozenset[str]


def trials_of(
    path: Path, file: Any, events: Any, intervals: str, align: str | None, stimuli: str | None
) -> Presentations:
    """Return the trials of a table of intervals in the file, or of a table (.csv, .tsv) beside."""
    if events is not None:
        where = as_path(events, "events")
        starts, labels, column = starts_of(where, align, stimuli)
        return Presentations(starts, labels, {"events": str(where), "align": column}, frozenset())
    table, align = f"intervals/{intervals}", align or "start_time"
    with reading(path, "NWB"):
        group = hdf5.dataset(path, file, table)
        columns = sorted(group) if group is not None else []
    if not columns:
        with reading(path, "NWB"):
            others = ", ".join(hdf5.dataset(path, file, "intervals") or {})
        other = f"; it has {others}: say intervals=NAME" if others else ", nor other intervals"
        raise InputError(
            f"{path} has no {table}{other}. Give a table (.csv, .tsv) of its trials: events=FILE."
        )
    told = f"{table} has columns {', '.join(columns)}; say stimuli=COLUMN"
    if stimuli is None:
        stimuli = _telling(path, file, table, columns)
    if stimuli is None:
        raise InputError(f"{path}: nothing says which stimulus was shown: {told}.")
    for name in (stimuli, align):
        if name not in columns:
            raise InputError(f"{path}: there is no column {name!r}: {told} or align=COLUMN.")
    starts = column_of(path, file, f"{table}/{align}").astype(float)
    shown = column_of(path, file, f"{table}/{stimuli}")
    if len(shown) != len(starts):
        raise InputError(f"{path}: the table of trials is damaged.")
    if not np.isfinite(starts).all():
        raise InputError(f"{path}: {align} must be finite, got NaN.")
    used = frozenset({f"{table}/{align}", f"{table}/{stimuli}"})
    return Presentations(starts, shown, {"align": align, "intervals": intervals}, used)


def _telling(path: Path, file: Any, table: str, columns: list[str]) -> str | None:
    """Return the first likely column of stimuli that does not say the same of every trial."""
    likely = [name for name in _STIMULUS if name in columns]
    several = (name for name in likely if len(set(column_of(path, file, f"{table}/{name}"))) > 1)
    return next(several, None)


def invalid_times(path: Path, file: Any) -> np.ndarray:
    """Return the times (k, 2) that the file says are not to be used."""
    name = "intervals/invalid_times"
    if hdf5.dataset(path, file, name) is None:
        return np.empty((0, 2))
    edges = [column_of(path, file, f"{name}/{edge}") for edge in ("start_time", "stop_time")]
    if len(edges[0]) != len(edges[1]):
        raise InputError(f"{path}: {name} is damaged.")
    return np.stack(edges, axis=1).astype(float)


def accepted(
    path: Path, file: Any, table: str, n: int, cells: str
) -> tuple[np.ndarray, str, dict[str, Any]]:
    """Return which rows of a table of cells are taken, the column that says so, and a record."""
    if cells not in CELLS:
        raise InputError(f"{path}: cells must be {' or '.join(map(repr, CELLS))}, got {cells!r}.")
    everything: tuple[np.ndarray, str, dict[str, Any]] = np.ones(n, bool), "", {}
    if cells == "all":
        return everything
    for column in _ACCEPTED:
        name = f"{table}/{column}"
        data = hdf5.dataset(path, file, name)
        if data is None or not hasattr(data, "shape"):
            continue
        said = numbers_of(path, file, name)
        said = said[:, 0] if said.ndim == 2 else said  # iscell: whether, and how surely
        if said.shape != (n,):
            raise InputError(f"{path}: {name} must say of each of {n} cells whether it is one.")
        if said.dtype.kind in "SUO":
            texts = np.array([plain(one) for one in said])
            kept = texts == _GOOD
            if not kept.any():
                continue  # labels of another kind
            counted = Counter(texts[~kept].tolist())
            out = ", ".join(f"{count} {label}" for label, count in sorted(counted.items()))
        elif np.isin(said, (0, 1)).all():
            kept, out = said == 1, f"{int((said == 0).sum())} that {column} calls no cell"
        else:
            continue
        if not kept.any():
            raise InputError(f"{path}: {name} accepts no cell; cells='all' takes them all.")
        left = {} if kept.all() else {"left_out": f"{int((~kept).sum())} of {n} cells: {out}"}
        return kept, name, left
    return everything


def column_of(path: Path, file: Any, name: str) -> np.ndarray:
    """Return one column of numbers or text."""
    column = numbers_of(path, file, name)
    if column.ndim != 1:
        raise InputError(f"{path}: {name} must be one column, got shape {column.shape}.")
    return column


def numbers_of(path: Path, file: Any, name: str) -> np.ndarray:
    """Return an array of the file, after its attributes were accounted for; times are seconds."""
    with reading(path, "NWB"):
        data = hdf5.dataset(path, file, name)
        if not hasattr(data, "shape"):
            raise InputError(f"{path} has no {name}.")
        said = Said(f"{path}: {name}", hdf5.attributes(data))
    unit = plain(said.take("unit", "seconds"))
    if unit.lower() not in _SECONDS:
        raise InputError(f"{said.where} is in {unit[:40]!r}, expected seconds. Rescale it.")
    column = unpack(hdf5.read_dataset(path, name, data), said)
    said.settle()
    return column


def left_unread(path: Path, file: Any, used: set[str]) -> list[str]:
    """Return what else the file holds: columns of the tables used, and other containers."""
    names = list(hdf5.contents(path, file).entries)
    tables = [n for n in names if n.startswith(("units/", "intervals/")) and n not in used]
    mine = {"/".join(n.split("/")[:3]) for n in used if n.startswith(_DATA)}
    others = {"/".join(n.split("/")[:3]) for n in names if n.startswith(_DATA)}
    return [*tables, *(others - mine)]
