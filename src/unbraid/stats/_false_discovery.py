"""False discovery over many tests."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._validate import as_floats
from unbraid.errors import InputError


def benjamini_hochberg(p_values: Any) -> np.ndarray:
    """Return adjusted p-values (q-values): reject where they are at most the wanted rate.

    With sorted p-values ``p_(1) <= ... <= p_(m)``: ``q_(i) = min_{k >= i} p_(k) m / k``.

    Parameters
    ----------
    p_values : array of any shape
        In [0, 1]; NaN (a test that could not be made) stays NaN and is not counted.

    Returns
    -------
    array of the same shape
        In [0, 1], never below the p-value; NaN where the p-value is.

    Raises
    ------
    InputError
        Numbers outside [0, 1].

    Notes
    -----
    Controls the false discovery rate for independent or positively dependent tests.

    References
    ----------
    Benjamini & Hochberg (1995).

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    p = as_floats(p_values, "p_values").astype(float)
    tested = p[~np.isnan(p)]
    if ((tested < 0) | (tested > 1)).any():
        raise InputError("p_values must lie in [0, 1].")
    order = np.argsort(tested)
    stepped = tested[order] * len(tested) / np.arange(1, len(tested) + 1)
    adjusted = np.empty_like(tested)
    adjusted[order] = np.minimum.accumulate(stepped[::-1])[::-1].clip(max=1.0)
    answer = np.full(p.shape, np.nan)
    answer[~np.isnan(p)] = adjusted
    return answer
