"""Single trials gathered under their stimuli: the mean, with the repeats kept for ceilings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unbraid.responses.labelled._gather import gathered
from unbraid.responses.labelled._labelled import kind_of, labelled
from unbraid.responses.labelled._match import in_rows_of
from unbraid.responses.labelled._responses import Responses


def from_trials(
    values: Any,
    stimuli: Any,
    *,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
) -> Responses:
    """Responses to stimuli that were shown several times, one row per trial.

    ``values_ij = mean of the trials of stimulus i that recorded unit j``.

    Parameters
    ----------
    values : array of shape (n_trials, p), or a DataFrame, whose columns are the units
        NaN where a unit was not recorded in a trial.
    stimuli : sequence of length n_trials
        The stimulus of each trial; a Series is matched by its index with that of ``values``.
    units : sequence of length p, optional
        Unit ids; by default a DataFrame's columns.
    made_by : mapping, optional
        What made the values: plain JSON data.

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
    return Responses(**vars(gathered(values, stimuli, units=units, made_by=made_by)))
