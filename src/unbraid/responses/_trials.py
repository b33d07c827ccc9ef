"""Single trials gathered under their stimuli: the mean, with the repeats kept for ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses._ids import plain_ids
from unbraid.responses._labelled import kind_of, labelled
from unbraid.responses._match import in_rows_of
from unbraid.responses._responses import Responses


def from_trials(
    values: Any,
    stimuli: Any,
    *,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
) -> Responses:
    """Responses to stimuli that were shown several times, one row a trial.

    ``values_ij = mean of the trials of stimulus i that recorded unit j``.

    Parameters
    ----------
    values : array of shape (n_trials, p), or a DataFrame, whose columns are the units
        NaN where a unit was not recorded in a trial.
    stimuli : sequence of length n_trials
        The stimulus of each trial; a Series is matched by its index with that of ``values``.

    Returns
    -------
    Responses
        Stimuli in the order of their first trial; ``repeats`` of shape (most trials of one
        stimulus, n, p), in the order of the trials, NaN-padded; no repeats if each was shown once.

    Raises
    ------
    InputError
        A stimulus in no trial of which some unit was recorded.

    Examples
    --------
    >>> x = from_trials([[1.0], [5.0], [3.0]], ["cat", "dog", "cat"])
    >>> x.values.ravel(), x.repeats.shape
    (array([2., 5.]), (2, 2, 1))
    """
    if kind_of(values) == "frame":
        frame = labelled(values.reset_index(drop=True) if values.index.has_duplicates else values)
        if frame is not None:
            values, units = frame.values, frame.units if units is None else units
            stimuli = in_rows_of(frame.stimuli, stimuli, "stimuli", "values")
    values = _validate.as_floats(values, "values")
    _validate.check_matrix_shape(values.shape, "values")
    names = plain_ids(stimuli, "stimuli").astype(str)
    if names.shape != (len(values),):
        raise InputError(f"stimuli must be {len(values)} ids, one a trial, got {names.shape}.")
    unique, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first)
    row_of = np.argsort(order)[inverse]
    n, counts = len(unique), np.bincount(row_of)
    check_memory(int(counts.max()) * n * values.shape[1] * values.itemsize, "Trials by repeats")
    repeats = np.full((counts.max(), n, values.shape[1]), np.nan, values.dtype)
    by_row = np.argsort(row_of, kind="stable")
    starts = np.cumsum(counts) - counts
    turn = np.arange(len(values)) - starts[row_of[by_row]]
    repeats[turn, row_of[by_row]] = values[by_row]
    return from_repeats(repeats, stimuli=unique[order], units=units, made_by=made_by)


def from_repeats(
    repeats: np.ndarray,
    *,
    stimuli: Any = None,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
) -> Responses:
    """Responses whose values are the means of NaN-padded repeats (n_repeats, n, p)."""
    there = ~np.isnan(repeats)
    counts = there.sum(axis=0)
    if not counts.all():
        stimulus, unit = (int(i) for i in np.argwhere(counts == 0)[0])
        raise InputError(
            f"{int((counts == 0).sum())} pairs of stimulus and unit have no repeat, the first is "
            f"stimulus {stimulus}, unit {unit}. Drop those stimuli or units first."
        )
    sums = np.where(there, repeats, 0).sum(axis=0, dtype=np.float64)
    values = (sums / counts).astype(repeats.dtype)
    return Responses(
        values,
        stimuli=stimuli,
        units=units,
        repeats=repeats if len(repeats) > 1 else None,
        made_by=made_by or {},
    )
