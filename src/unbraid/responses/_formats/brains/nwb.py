"""NWB: spikes counted, or fluorescence averaged, in a window after each trial's start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.brains import _nwb_series as fluorescence
from unbraid.responses._formats.brains._nwb_file import (
    Presentations,
    accepted,
    column_of,
    invalid_times,
    left_unread,
    numbers_of,
    trials_of,
)
from unbraid.responses._formats.brains._spikes import check_seconds, check_window, count
from unbraid.responses._said import report
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.labelled._trials import from_trials

_UNITS = "units"
_SPIKES = (0.0, 0.2)  # seconds after a trial's start in which spikes are counted by default
_USED = ("units/spike_times", "units/spike_times_index", "units/id", "units/obs_intervals",
         "units/obs_intervals_index", "intervals/invalid_times/start_time",
         "intervals/invalid_times/stop_time")  # fmt: skip


def read(
    path: Path,
    *,
    window: tuple[float, float] | None = None,
    stimuli: str | None = None,
    intervals: str = "trials",
    align: str | None = None,
    values: str | None = None,
    cells: str = "accepted",
    events: Any = None,
) -> Responses:
    """Count spikes, or average fluorescence, in ``align + window`` (seconds) of every trial.

    ``values``: ``"units"``, or the name of a RoiResponseSeries; by default the units, and where
    there are none the only series. ``window`` is (0, 0.2) for spikes; of fluorescence, whose
    indicator decides how long an answer lasts, it must be said. ``intervals``: the file's table of
    trials, ``stimuli`` its column that says which stimulus was shown, ``align`` the one of starts
    (``start_time``); ``events=FILE``: a table (.csv, .tsv) in its place. Trials of one stimulus
    become repeats. ``cells``: ``"accepted"``, those that the file's own column calls cells or good
    (``iscell``, ``Accepted``, ``quality``, where it has one), or ``"all"``. A spike at the window's
    end does not count. Where the units' ``obs_intervals``, the file's ``invalid_times`` or the
    length of the series say that a cell was not observed throughout a trial's window, that trial is
    missing for it, not 0.
    """
    window = None if window is None else check_window(window)
    with hdf5.open_file(path) as file:
        chosen = _chosen(path, file, values)
        if chosen != _UNITS and window is None:
            raise InputError(
                f"{path}: {chosen} is fluorescence, averaged from each trial's start + a window in "
                "seconds: say which, such as window=(0, 1.5)."
            )
        trials = trials_of(path, file, events, intervals, align, stimuli)
        window = window or _SPIKES
        if chosen == _UNITS:
            rows, names, made_by, used = _counts(path, file, trials, window, cells)
        else:
            rows, names, made_by, used = fluorescence.means(
                path, file, chosen, trials, window, cells
            )
        unread = left_unread(path, file, {*used, *trials.used, *_USED[-2:]})
    made_by = {"window": list(window), **trials.made_by, **made_by}
    try:
        return from_trials(rows, trials.shown, units=names, made_by=report(made_by, unread))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _chosen(path: Path, file: Any, values: str | None) -> str:
    """Return what is read: the units, or the path of a series of regions."""
    with reading(path, "NWB"):
        units = hdf5.dataset(path, file, _UNITS) is not None
    series = fluorescence.series_in(path, file)
    if values is not None:
        wanted = values.strip("/")
        same = [one for one in series if wanted in (one, *_ends(one))]
        if wanted == _UNITS and units:
            return _UNITS
        if len(same) == 1:
            return same[0]
    elif units:
        return _UNITS
    elif len(series) == 1:
        return series[0]
    if not units and not series:
        raise InputError(
            f"{path} has no units and no {fluorescence.KIND}: spikes and fluorescence are read of "
            "an NWB file. Export other data as .npy or .h5."
        )
    held = ", ".join([_UNITS] * units + series)
    asked = "" if values is None else f" no {values!r}, or several;"
    raise InputError(f"{path} has{asked} {held}: say values=NAME.")


def _ends(name: str) -> list[str]:
    """Return a path's shorter forms: its last parts."""
    parts = name.split("/")
    return ["/".join(parts[first:]) for first in range(1, len(parts))]


def _counts(
    path: Path, file: Any, trials: Presentations, window: tuple[float, float], cells: str
) -> tuple[np.ndarray, Any, dict[str, Any], set[str]]:
    """Return spikes of each accepted unit in each trial, and the units' names."""
    spikes = column_of(path, file, f"{_UNITS}/spike_times").astype(float)
    ends = column_of(path, file, f"{_UNITS}/spike_times_index").astype(np.int64)
    names = column_of(path, file, f"{_UNITS}/id")
    observed = _ragged(path, file, f"{_UNITS}/obs_intervals", len(names))
    rises = len(ends) and ends[0] >= 0 and (np.diff(ends) >= 0).all() and ends[-1] == len(spikes)
    if not rises or len(names) != len(ends):
        raise InputError(f"{path}: the table of units is damaged.")
    if not np.isfinite(spikes).all():
        raise InputError(f"{path}: spike_times must be finite, got NaN.")
    kept, column, made_by = accepted(path, file, _UNITS, len(names), cells)
    trains = [train for train, own in zip(np.split(spikes, ends[:-1]), kept, strict=True) if own]
    check_seconds(str(path), trains, trials.starts)
    if observed is not None:
        observed = [own for own, taken in zip(observed, kept, strict=True) if taken]
    counts = count(trains, trials.starts, window, observed, invalid_times(path, file))
    return counts, names[kept], made_by, {*_USED, column}


def _ragged(path: Path, file: Any, name: str, n_units: int) -> list[np.ndarray] | None:
    """Return each unit's intervals (k, 2) in which it was observed; None where it is not said."""
    if hdf5.dataset(path, file, name) is None:
        return None
    pairs = numbers_of(path, file, name)
    ends = column_of(path, file, f"{name}_index").astype(np.int64)
    whole = len(ends) == n_units and pairs.ndim == 2 and pairs.shape[1] == 2 and n_units > 0
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
