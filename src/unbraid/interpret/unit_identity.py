"""Unit identity: whether a unit can be found again in another recording by what it answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.interpret._scores import UnitScores
from unbraid.interpret.recovery import feature_correlations
from unbraid.responses import pair


def unit_identity(x: Any, y: Any) -> UnitScores:
    """Share of units whose best match in another recording of the same units is itself.

    Parameters
    ----------
    x, y : Responses, Codes or arrays of shape (n, m)
        The same m units (or latents of one dictionary) in two recordings, such as two sessions or
        the means of two halves of the repeats. Rows are matched by stimulus id.

    Returns
    -------
    UnitScores
        1 for a unit of x whose largest correlation is with itself in y, a share where several are
        equally large, else 0; chance 1/m. Details: ``r``, with itself; ``r_other``, the largest
        with another; ``assigned``, 1 where the best one-to-one matching finds it. NaN for units
        constant in either recording. The interval of the mean is between units.

    Raises
    ------
    InputError
        Different stimuli, or different numbers of units.

    Notes
    -----
    After unbraiding, encode both recordings by **one** dictionary and compare: latents that stand
    for features keep their identity where units do.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> signal = rng.normal(size=(200, 5))
    >>> first, second = signal + 0.3 * rng.normal(size=(2, 200, 5))
    >>> unit_identity(first, second).value, unit_identity(first, second[:, ::-1]).value
    (1.0, 0.2)
    """
    from scipy.optimize import linear_sum_assignment

    a, b = pair(x, y)
    if a.shape[1] != b.shape[1]:
        raise InputError(f"x and y must have the same units, got {a.shape[1]} and {b.shape[1]}.")
    m = a.shape[1]
    r = feature_correlations(a, b)
    silent = ~(np.abs(r).any(axis=1) & np.abs(r).any(axis=0))
    largest = r.max(axis=1)
    tied = np.isclose(r, largest[:, None], rtol=0, atol=1e-12)
    values = np.where(tied[np.arange(m), np.arange(m)], 1 / tied.sum(axis=1), 0.0)
    rows, columns = linear_sum_assignment(-r)
    others = np.where(np.eye(m, dtype=bool), -np.inf, r).max(axis=1) if m > 1 else np.full(m, -1.0)
    return UnitScores(
        measure="unit_identity",
        values=np.where(silent, np.nan, values),
        se=np.full(m, np.nan),
        chance=np.full(m, 1 / m),
        reasons=tuple("constant in a recording" if quiet else "" for quiet in silent),
        n=len(a),
        names=a.units,
        details={
            "r": np.diag(r).copy(),
            "r_other": others,
            "assigned": (columns[np.argsort(rows)] == np.arange(m)).astype(float),
        },
    )
