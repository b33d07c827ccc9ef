"""Two systems side by side: rows matched by stimulus id, never by luck."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._responses import Responses, as_responses


def pair(x: Any, y: Any) -> tuple[Responses, Responses]:
    """Return both systems' responses to the same stimuli, in the order of ``x``.

    Parameters
    ----------
    x, y : Responses, arrays of shape (n, p) and (n, q), CSR matrices or Codes
        With ids on both sides the rows of ``y`` are put in the order of ``x``.

    Raises
    ------
    InputError
        Different ids; different numbers of stimuli without ids.

    Warns
    -----
    RuntimeWarning
        Only one side has ids: the rows are taken to be in the same order, and to be theirs too.
    """
    x, y = as_responses(x, "x"), as_responses(y, "y")
    if x.stimuli is not None and y.stimuli is not None:
        return x, _in_order_of(x, y)
    if len(x) != len(y):
        raise InputError(
            f"x and y must answer the same stimuli, got {len(x)} and {len(y)} without ids on both "
            "sides. Give stimulus ids, so that rows can be matched."
        )
    if (x.stimuli is None) != (y.stimuli is None):
        warnings.warn(
            "Only one of x and y has stimulus ids: rows are taken to be in the same order.",
            RuntimeWarning,
            stacklevel=3,
        )
        ids = y.stimuli if x.stimuli is None else x.stimuli
        return replace(x, stimuli=ids), replace(y, stimuli=ids)
    return x, y


def common(x: Any, y: Any) -> tuple[Responses, Responses]:
    """Return both systems' responses to the stimuli that both have, in the order of ``x``."""
    x, y = as_responses(x, "x"), as_responses(y, "y")
    if x.stimuli is None or y.stimuli is None:
        raise InputError("common(x, y) needs stimulus ids on both sides.")
    shared = x.stimuli[np.isin(x.stimuli, y.stimuli)]
    if not len(shared):
        raise _nothing_shared(x, y)
    return x.select(shared), y.select(shared)


def _in_order_of(x: Responses, y: Responses) -> Responses:
    if np.array_equal(x.stimuli, y.stimuli):
        return y
    n_shared = int(np.isin(x.stimuli, y.stimuli).sum())
    if not n_shared:
        raise _nothing_shared(x, y)
    if n_shared < len(x) or n_shared < len(y):
        raise InputError(
            f"x and y must answer the same stimuli, got {len(x)} and {len(y)} ids of which "
            f"{n_shared} are shared. Keep those with x, y = unbraid.common(x, y), or --common."
        )
    return y.select(x.stimuli)


def _nothing_shared(x: Responses, y: Responses) -> InputError:
    a, b = (str(side.stimuli[0])[:60] for side in (x, y))
    return InputError(
        f"x and y share no stimulus id: x has e.g. {a!r}, y {b!r}. Name stimuli alike on both "
        "sides."
    )
