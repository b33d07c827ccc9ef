"""What each metric must score between two linear encodings of known features."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.theory.cka import linear_cka
from unbraid.theory.geometry import cca, procrustes
from unbraid.theory.matching import one_to_one, semi_matching, soft_matching, unit_correlations
from unbraid.theory.regression import r2_per_unit, ridge
from unbraid.theory.rsa import rsa


def _matching(of_correlations: Callable[[Any], float]) -> Callable[..., float]:
    def predicted(a: Any, b: Any, *, covariance: Any) -> float:
        return of_correlations(unit_correlations(a, b, covariance=covariance))

    return predicted


def _mean_r2(a: Any, b: Any, *, covariance: Any) -> float:
    each = r2_per_unit(a, b, covariance=covariance)
    return float(np.nanmean(each)) if np.isfinite(each).any() else float("nan")


_CLOSED_FORMS: dict[str, Callable[..., float]] = {
    "semi_matching": _matching(semi_matching),
    "one_to_one": _matching(one_to_one),
    "soft_matching": _matching(soft_matching),
    "ridge": ridge,
    "ridge_r2": _mean_r2,
    "cka": linear_cka,
    "cka_debiased": linear_cka,
    "procrustes": procrustes,
    "cca": cca,
    "rsa": linear_cka,  # of Gaussian features; others have a form of their own
}

PREDICTABLE = tuple(_CLOSED_FORMS)
"""Metrics of ``unbraid.align`` whose value follows from encodings and covariance."""


def predict(
    metric: str,
    a: Any,
    b: Any,
    *,
    covariance: Any = None,
    fourth_cumulants: Any = None,
) -> float:
    """Score of ``z A`` -> ``z B`` with infinitely many stimuli, by the metric's closed form.

    Parameters
    ----------
    metric : str
        One of ``PREDICTABLE``, as in ``unbraid.align.METRICS`` with default options: ``rsa`` is
        that of squared Euclidean distances by Pearson.
    a, b : array of shape (n_features, n_units)
        Source and target: the direction of each feature is a row. Noise is a feature that one
        side has alone, a zero row on the other.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.
    fourth_cumulants : array of shape (n_features,) or float, optional
        Of independent features, for ``rsa`` alone: see ``bernoulli_cumulants``; Gaussian if none.

    Returns
    -------
    float
        NaN where the metric is undefined, as for a system that never varies.

    Raises
    ------
    InputError
        A metric without closed form; fourth cumulants of correlated features.

    Examples
    --------
    >>> a = [[1, 0], [1, 0], [0, 1]]
    >>> b = [[1, 0], [0, 1], [0, 1]]
    >>> round(predict("semi_matching", a, b), 4)
    0.7071
    """
    if metric not in _CLOSED_FORMS:
        close = get_close_matches(metric, PREDICTABLE, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(PREDICTABLE)}."
        raise InputError(f"There is no closed form for metric {metric!r}; {hint}")
    if metric == "rsa" and fourth_cumulants is not None:
        return rsa(a, b, variances=_variances(covariance), fourth_cumulants=fourth_cumulants)
    return _CLOSED_FORMS[metric](a, b, covariance=covariance)


def _variances(covariance: Any) -> Any:
    """Return the variances of independent features."""
    if covariance is None:
        return None
    sigma = _validate.as_floats(covariance, "covariance")
    if sigma.ndim < 2:
        return sigma
    if np.any(sigma != np.diag(np.diag(sigma))):
        raise InputError(
            "fourth_cumulants are those of independent features, got a covariance that is not "
            "diagonal. Leave them out for Gaussian features."
        )
    return np.diag(sigma)
