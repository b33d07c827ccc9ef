"""Trials gathered under their stimuli: the mean of each, and its repeats."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses.labelled._ids import plain_ids
from unbraid.responses.labelled._labels import Labelled


def gathered(
    values: Any,
    stimuli: Any,
    *,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
) -> Labelled:
    """Return the means and repeats of trials, one per row; see ``from_trials``."""
    values = _validate.as_floats(values, "values")
    _validate.check_matrix_shape(values.shape, "values")
    names = plain_ids(stimuli, "stimuli").astype(str)
    if names.shape != (len(values),):
        raise InputError(f"stimuli must be {len(values)} ids, one per trial, got {names.shape}.")
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
    return averaged(repeats, stimuli=unique[order], units=units, made_by=made_by)


def averaged(
    repeats: np.ndarray,
    *,
    stimuli: Any = None,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
) -> Labelled:
    """Return the means of NaN-padded repeats (n_repeats, n, p), and the repeats."""
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
    return Labelled(
        values,
        stimuli=stimuli,
        units=units,
        repeats=repeats if len(repeats) > 1 else None,
        made_by=dict(made_by or {}),
    )
