"""Training responses: the same units as those that are scored, other stimuli."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unbraid.errors import InputError
from unbraid.responses.labelled._responses import Responses


def as_training(train: Responses, scored: Responses, name: str) -> Responses:
    """Return training responses of the same units, in their order, to other stimuli.

    Parameters
    ----------
    train : Responses
        Responses to learn from.
    scored : Responses
        Responses of the same system that are scored.
    name : str
        What messages call the system.

    Returns
    -------
    Responses
        ``train``, its units in the order of ``scored`` where both have unit ids.

    Raises
    ------
    InputError
        Other units; stimuli that are scored too.

    Examples
    --------
    >>> import unbraid as ub
    >>> train = ub.Responses([[1.0, 2.0]], stimuli=["a"], units=["right", "left"])
    >>> scored = ub.Responses([[3.0, 4.0]], stimuli=["b"], units=["left", "right"])
    >>> as_training(train, scored, "x").values.tolist()
    [[2.0, 1.0]]
    """
    if train.shape[1] != scored.shape[1]:
        raise InputError(
            f"{name}_train must have the {scored.shape[1]} units of {name}, got {train.shape[1]}."
        )
    if train.stimuli is not None and scored.stimuli is not None:
        shared = np.intersect1d(train.stimuli, scored.stimuli)
        if len(shared):
            raise InputError(
                f"{name}_train and {name} must hold different stimuli, got {len(shared)} in both, "
                f"e.g. {str(shared[0])!r}: what a dictionary learned from must not be scored."
            )
    if train.units is None or scored.units is None or np.array_equal(train.units, scored.units):
        return train
    column = {unit: place for place, unit in enumerate(train.units)}
    other = [str(unit) for unit in scored.units if unit not in column]
    if other:
        raise InputError(
            f"{name}_train must have the units of {name}, got none named {other[0]!r}."
        )
    order = [column[unit] for unit in scored.units]
    repeats = None if train.repeats is None else train.repeats[:, :, order]
    return replace(train, values=train.values[:, order], units=scored.units, repeats=repeats)
