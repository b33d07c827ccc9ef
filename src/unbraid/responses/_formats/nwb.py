"""NWB: spikes of the units counted in a window after each trial's start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats import hdf5
from unbraid.responses._formats._foreign import reading
from unbraid.responses._responses import Responses
from unbraid.responses._trials import from_trials

_STIMULUS = (
    "stimulus_id", "stimulus", "image_id", "image_name", "image", "stim_id", "frame", "condition",
    "stimulus_name",
)  # fmt: skip


def read(
    path: Path,
    window: tuple[float, float] = (0.0, 0.2),
    stimuli: str | None = None,
    intervals: str = "trials",
    align: str = "start_time",
) -> Responses:
    """Count spikes of each unit in ``align + window`` (seconds) of every trial.

    ``stimuli`` is the column of the intervals table that says which stimulus was shown; trials of
    one stimulus become repeats. A spike at the window's end does not count.
    """
    low, high = _window(window)
    with hdf5.open_file(path) as file:
        table, units = f"intervals/{intervals}", "units"
        with reading(path, "NWB"):
            columns = sorted(file[table]) if table in file else []
            has_units = units in file
        if not columns or not has_units:
            with reading(path, "NWB"):
                others = ", ".join(file.get("intervals", {})) or "none"
            missing = "units" if columns else f"{table}; it has {others}: say intervals=NAME"
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
    rises = len(ends) and ends[0] >= 0 and (np.diff(ends) >= 0).all() and ends[-1] == len(spikes)
    if not rises or len(names) != len(ends) or len(shown) != len(starts):
        raise InputError(f"{path}: the tables of units and trials are damaged.")
    if not np.isfinite(starts).all():
        raise InputError(f"{path}: {align} must be finite, got NaN.")
    counts = np.empty((len(starts), len(ends)))
    for unit, (first, last) in enumerate(zip(np.r_[0, ends[:-1]], ends, strict=True)):
        times = np.sort(spikes[first:last])
        counts[:, unit] = np.searchsorted(times, starts + high) - np.searchsorted(
            times, starts + low
        )
    made_by = {"window": [low, high], "align": align, "intervals": intervals}
    try:
        return from_trials(counts, shown, units=names, made_by=made_by)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


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
    return low, high


def _column(path: Path, file: Any, name: str) -> np.ndarray:
    with reading(path, "NWB"):
        data = file.get(name)
        if not hasattr(data, "shape"):
            raise InputError(f"{path} has no {name}.")
    column = hdf5.read_dataset(path, name, data)
    if column.ndim != 1:
        raise InputError(f"{path}: {name} must be one column, got shape {column.shape}.")
    return column
