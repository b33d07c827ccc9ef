"""NWB: spikes of the units counted in a window after each trial's start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.arrays._packed import unpack
from unbraid.responses._formats.brains._spikes import check_seconds, count
from unbraid.responses._formats.meaning._entry import plain
from unbraid.responses._said import Said, report
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.labelled._trials import from_trials

_STIMULUS = (
    "stimulus_id", "stimulus", "image_id", "image_name", "image", "stim_id", "frame", "condition",
    "stimulus_name",
)  # fmt: skip

_SECONDS = ("seconds", "second", "s", "sec", "")
_LONGEST = 100.0  # seconds that a window may lie from a trial's start
_USED = ("units/spike_times", "units/spike_times_index", "units/id", "units/obs_intervals",
         "units/obs_intervals_index", "intervals/invalid_times/start_time",
         "intervals/invalid_times/stop_time")  # fmt: skip
_DATA = ("acquisition/", "processing/", "stimulus/", "analysis/", "scratch/")


def read(
    path: Path,
    window: tuple[float, float] = (0.0, 0.2),
    stimuli: str | None = None,
    intervals: str = "trials",
    align: str = "start_time",
) -> Responses:
    """Count spikes of each unit in ``align + window`` (seconds) of every trial.

    ``stimuli`` is the column of the intervals table that says which stimulus was shown; trials of
    one stimulus become repeats. A spike at the window's end does not count. Where the units'
    ``obs_intervals`` or the file's ``invalid_times`` say that a unit was not observed throughout
    a trial's window, that trial is missing for it, not 0.
    """
    low, high = _window(window)
    with hdf5.open_file(path) as file:
        table, units = f"intervals/{intervals}", "units"
        with reading(path, "NWB"):
            group = hdf5.dataset(path, file, table)
            columns = sorted(group) if group is not None else []
            has_units = hdf5.dataset(path, file, units) is not None
        if not columns or not has_units:
            with reading(path, "NWB"):
                others = ", ".join(hdf5.dataset(path, file, "intervals") or {})
            other = f"; it has {others}: say intervals=NAME" if others else ", nor other intervals"
            missing = "units" if columns else f"{table}{other}"
            raise InputError(f"{path} has no {missing}. An NWB file of spikes and trials has both.")
        told = f"{table} has columns {', '.join(columns)}; say stimuli=COLUMN"
        if stimuli is None:
            stimuli = _telling(path, file, table, columns)
        if stimuli is None:
            raise InputError(f"{path}: nothing says which stimulus was shown: {told}.")
        for name in (stimuli, align):
            if name not in columns:
                raise InputError(f"{path}: there is no column {name!r}: {told} or align=COLUMN.")
        starts = _column(path, file, f"{table}/{align}").astype(float)
        shown = _column(path, file, f"{table}/{stimuli}")
        spikes = _column(path, file, f"{units}/spike_times").astype(float)
        ends = _column(path, file, f"{units}/spike_times_index").astype(np.int64)
        names = _column(path, file, f"{units}/id")
        observed = _ragged(path, file, f"{units}/obs_intervals", len(names))
        invalid = _invalid(path, file)
        used = {f"{table}/{align}", f"{table}/{stimuli}", *_USED}
        unread = _unread(path, file, used)
    rises = len(ends) and ends[0] >= 0 and (np.diff(ends) >= 0).all() and ends[-1] == len(spikes)
    if not rises or len(names) != len(ends) or len(shown) != len(starts):
        raise InputError(f"{path}: the tables of units and trials are damaged.")
    if not np.isfinite(starts).all() or not np.isfinite(spikes).all():
        raise InputError(f"{path}: {align} and spike_times must be finite, got NaN.")
    trains = np.split(spikes, ends[:-1])
    check_seconds(str(path), trains, starts)
    counts = count(trains, starts, (low, high), observed, invalid)
    made_by = {"window": [low, high], "align": align, "intervals": intervals}
    try:
        return from_trials(counts, shown, units=names, made_by=report(made_by, unread))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _ragged(path: Path, file: Any, name: str, n_units: int) -> list[np.ndarray] | None:
    """Return each unit's intervals (k, 2) in which it was observed; None where it is not said."""
    if hdf5.dataset(path, file, name) is None:
        return None
    pairs = _numbers(path, file, name, rank=2)
    ends = _column(path, file, f"{name}_index").astype(np.int64)
    whole = len(ends) == n_units and pairs.shape[1] == 2 and n_units > 0
    if not whole or ends[0] < 0 or (np.diff(ends) < 0).any() or ends[-1] != len(pairs):
        raise InputError(f"{path}: {name} is damaged.")
    found = np.split(pairs.astype(float), ends[:-1])
    empty = [unit for unit, own in enumerate(found) if not len(own)]
    if empty:
        raise InputError(
            f"{path}: {len(empty)} units have no {name.rpartition('/')[2]}, the first is unit "
            f"{empty[0]}: nothing says when they were observed. Leave those units out."
        )
    return found


def _invalid(path: Path, file: Any) -> np.ndarray:
    """Return the times (k, 2) that the file says are not to be used."""
    name = "intervals/invalid_times"
    if hdf5.dataset(path, file, name) is None:
        return np.empty((0, 2))
    edges = [_column(path, file, f"{name}/{edge}") for edge in ("start_time", "stop_time")]
    if len(edges[0]) != len(edges[1]):
        raise InputError(f"{path}: {name} is damaged.")
    return np.stack(edges, axis=1).astype(float)


def _unread(path: Path, file: Any, used: set[str]) -> list[str]:
    """Return what else the file holds: columns of the tables used, and other containers."""
    names = list(hdf5.contents(path, file).entries)
    tables = [n for n in names if n.startswith(("units/", "intervals/")) and n not in used]
    others = {"/".join(n.split("/")[:2]) for n in names if n.startswith(_DATA)}
    return [*tables, *others]


def _telling(path: Path, file: Any, table: str, columns: list[str]) -> str | None:
    """Return the first likely column of stimuli that does not say the same of every trial."""
    likely = [name for name in _STIMULUS if name in columns]
    several = (name for name in likely if len(set(_column(path, file, f"{table}/{name}"))) > 1)
    return next(several, None)


def _window(window: Any) -> tuple[float, float]:
    try:
        low, high = (float(edge) for edge in window)
    except (TypeError, ValueError):
        raise InputError(f"window must be (start, stop) in seconds, got {window!r}.") from None
    if not low < high:
        raise InputError(f"window must be (start, stop) with start < stop, got {window!r}.")
    if max(abs(low), abs(high)) > _LONGEST:
        raise InputError(f"window must be (start, stop) in seconds, got {window!r}: milliseconds?")
    return low, high


def _column(path: Path, file: Any, name: str) -> np.ndarray:
    return _numbers(path, file, name, rank=1)


def _numbers(path: Path, file: Any, name: str, rank: int) -> np.ndarray:
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
    if column.ndim != rank:
        raise InputError(f"{path}: {name} must be one column, got shape {column.shape}.")
    return column
