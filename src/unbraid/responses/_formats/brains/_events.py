"""Tables of events: when each stimulus was shown, in seconds, and which it was."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import reading
from unbraid.responses._formats.tables._header import is_number

LABELS = (
    "stimulus", "stimulus_id", "stim_file", "image_id", "trial_type", "image_name", "image",
    "stim_id", "frame", "condition", "stimulus_name",
)  # fmt: skip
"""Columns that say which stimulus was shown; the first that is there, and that varies, is taken."""
STARTS = ("start_time", "onset", "start", "stimulus_onset")
_ABSENT = ("", "n/a")  # as BIDS writes what is not there
_SHORTEST, _LONGEST = 0.01, 100.0  # seconds between volumes, and of delay


def events_of(
    path: Path, times: Sequence[str], stimuli: str | None = None
) -> tuple[np.ndarray, list[str]]:
    """Return these columns of times (events, columns), and the stimulus of each event.

    The table is .csv or .tsv; ``stimuli`` names the column of labels.
    """
    return _columns(path, _table(path), times, stimuli)


def _table(path: Path) -> Any:
    """Return a table as text: labels stay as they are written (001, NA)."""
    import pandas

    check_file(path)
    with reading(path, "events"):
        return pandas.read_csv(
            path, sep="\t" if path.suffix == ".tsv" else ",", dtype=str, keep_default_na=False
        )


def _columns(
    path: Path, table: Any, times: Sequence[str], stimuli: str | None
) -> tuple[np.ndarray, list[str]]:
    held = ", ".join(map(str, table))
    likely = [name for name in LABELS if name in table]
    varied = [name for name in likely if table[name].nunique() > 1] or likely or ["stimulus"]
    name = stimuli if stimuli is not None else varied[0]
    for needed in times:
        if needed not in table:
            raise InputError(f"{path} has no column {needed!r}; it has {held}.")
    if name not in table:
        raise InputError(
            f"{path} has no column {name!r}, which would say what was shown; it has {held}: say "
            "stimuli=COLUMN."
        )
    found = table[list(times)].to_numpy(dtype=object)
    if not all(is_number(cell) and math.isfinite(float(cell)) for cell in found.flat):
        raise InputError(f"{path}: {' and '.join(times)} must be seconds, without gaps.")
    gone = int(table[name].isin(_ABSENT).sum())
    if gone:
        raise InputError(
            f"{path}: {gone} events have no {name} (n/a). Leave those rows out, or say "
            "stimuli=COLUMN."
        )
    return found.astype(float), table[name].tolist()


def starts_of(
    path: Path, align: str | None, stimuli: str | None
) -> tuple[np.ndarray, list[str], str]:
    """Return when each trial of a table starts, its stimulus, and the column of the starts."""
    table = _table(path)
    if align is None:
        align = next((name for name in STARTS if name in table), None)
    if align is None:
        raise InputError(
            f"{path} has no column {', '.join(STARTS)}; it has {', '.join(map(str, table))}: "
            "say align=COLUMN, which holds seconds."
        )
    times, shown = _columns(path, table, [align], stimuli)
    return times[:, 0], shown, align


def check_events(path: Path, events: np.ndarray, length: float) -> None:
    """Refuse or warn of events (onset, duration) that cannot be seconds of this series."""
    onsets, durations = events.T
    if len(events) and (durations.max() > length or durations.sum() > 10 * length):
        raise InputError(
            f"{path}: durations (to {durations.max():g}, {durations.sum():g} in all) must be "
            f"seconds; the series lasts {length:g} s."
        )
    if len(events) >= 10 and (onsets + durations).max() < 0.2 * length:
        warnings.warn(
            f"{path}: the last event ends at {(onsets + durations).max():g} of {length:g} s: are "
            "onsets seconds, not volumes or minutes?",
            RuntimeWarning,
            stacklevel=4,
        )


def after(
    path: Path, series: np.ndarray, events: np.ndarray, delay: float, tr: float
) -> np.ndarray:
    """Return the mean of the volumes that begin in ``[onset + delay, ... + max(duration, tr))``."""
    starts = np.arange(len(series)) * tr
    rows = np.empty((len(events), series.shape[1]), series.dtype)
    for row, (onset, duration) in enumerate(events):
        low = onset + delay
        during = (starts >= low) & (starts < low + max(duration, tr))
        if not during.any():
            raise InputError(
                f"{path}: the event at {onset} s ends after the last volume (of "
                f"{len(series)}, one every {tr:g} s: is tr=SECONDS right, are onsets seconds?)."
            )
        rows[row] = series[during].mean(axis=0)
    return rows


def of_events(
    path: Path, series: np.ndarray, events: Path, column: str | None, delay: float, tr: float
) -> tuple[np.ndarray, list[str]]:
    """Return the row of each event of a table, from volumes every ``tr`` seconds, and its label."""
    if not tr > 0:
        raise InputError(f"{path} does not say its repetition time; say tr=SECONDS.")
    if not _SHORTEST <= tr <= _LONGEST:
        raise InputError(
            f"{path}: a volume every {tr:.6g} s is not possible (is it in other units?); say "
            "tr=SECONDS."
        )
    times, labels = events_of(events, ("onset", "duration"), column)
    check_events(events, times, len(series) * tr)
    return after(path, series, times, delay, tr), labels


def check_delay(delay: object) -> None:
    """Refuse what is no number of seconds between an event and the response to it."""
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not abs(delay) <= _LONGEST:
        raise InputError(f"delay must be a number of seconds, got {delay!r}.")
