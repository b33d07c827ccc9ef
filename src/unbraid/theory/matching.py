"""Matching of units: the scores that an arrangement of features gives."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.theory._encodings import as_encodings, root_of


def unit_correlations(a: Any, b: Any, *, covariance: Any = None) -> np.ndarray:
    r"""Correlation of every unit of ``z A`` with every unit of ``z B``.

    ``r_ij = a_i^T S b_j / sqrt(a_i^T S a_i  b_j^T S b_j)``, with the units as columns.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Encodings: the direction of each feature is a row, so a unit is a column.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    array of shape (n_units of a, n_units of b)
        NaN for a unit that never varies.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Notes
    -----
    Units that add s features of equal variance and share t of them: ``t / s``. For rectified units
    that see at most one feature at a time, pass ``np.maximum(a, 0)`` and ``np.maximum(b, 0)`` with
    ``covariance=None`` to ``unit_cosines`` in place of this.

    Examples
    --------
    >>> unit_correlations([[1, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [0, 1]]).round(2)
    array([[0.71, 0.5 ],
           [0.  , 0.71]])
    """
    a, b = as_encodings(a, b)
    root = root_of(covariance, len(a))
    return unit_cosines(root @ a, root @ b)


def unit_cosines(a: Any, b: Any) -> np.ndarray:
    """Cosine of every column of ``a`` with every column of ``b``; NaN for a column of zeros.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Encodings: a unit is a column.

    Returns
    -------
    array of shape (n_units of a, n_units of b)
        In [-1, 1]; NaN for a column of zeros.

    Raises
    ------
    InputError
        Encodings of different numbers of features.

    Examples
    --------
    >>> unit_cosines([[1, 1], [0, 1]], [[2], [0]]).round(3)
    array([[1.   ],
           [0.707]])
    """
    a, b = as_encodings(a, b)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosines = (a.T @ b) / np.outer(np.linalg.norm(a, axis=0), np.linalg.norm(b, axis=0))
    return np.where(np.isfinite(cosines), np.clip(cosines, -1, 1), np.nan)


def semi_matching(correlations: Any) -> float:
    """Mean over targets (columns) of the best correlation: what semi-matching must score.

    Parameters
    ----------
    correlations : array of shape (p, q)
        Of each source unit (row) with each target unit (column), as ``unit_correlations`` gives
        them; units that never vary (NaN) are left out.

    Returns
    -------
    float
        In [-1, 1]; 1 if every target unit has a perfect source unit.

    Raises
    ------
    InputError
        No matrix, values outside [-1, 1], or no unit that varies.

    Examples
    --------
    >>> round(semi_matching([[1.0, 0.5], [0.2, 0.8]]), 3)
    0.9
    """
    return float(_alive(correlations).max(axis=0).mean())


def one_to_one(correlations: Any) -> float:
    """Mean correlation of the best assignment of as many pairs as the smaller side has units.

    Parameters
    ----------
    correlations : array of shape (p, q)
        Of each source unit with each target unit; units that never vary (NaN) are left out.

    Returns
    -------
    float
        In [-1, 1]; never above ``semi_matching`` where the target has no more units than the
        source.

    Raises
    ------
    InputError
        No matrix, values outside [-1, 1], or no unit that varies.

    Notes
    -----
    Cost: ``min(p, q)^2 max(p, q)`` at most (``scipy.optimize.linear_sum_assignment``).

    Examples
    --------
    >>> correlations = [[0.9, 0.8], [0.7, 0.1]]  # both targets are best matched by the first unit
    >>> round(one_to_one(correlations), 3), round(semi_matching(correlations), 3)
    (0.75, 0.85)
    """
    from scipy.optimize import linear_sum_assignment

    r = _alive(correlations)
    return float(r[linear_sum_assignment(-r)].mean())


def soft_matching(correlations: Any) -> float:
    """Mean correlation under the best transport plan with uniform marginals.

    Never above ``semi_matching``; equal to ``one_to_one`` where both sides have as many units.

    Parameters
    ----------
    correlations : array of shape (p, q)
        Of each source unit with each target unit; units that never vary (NaN) are left out.

    Returns
    -------
    float
        In [-1, 1]; it is the same from target to source.

    Raises
    ------
    InputError
        No matrix, values outside [-1, 1], or no unit that varies.

    References
    ----------
    Khosla and Williams (2024), Soft matching distance.

    Examples
    --------
    >>> round(soft_matching([[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]), 3)  # a third of the mass moves
    0.833
    """
    from unbraid._kernels.matching.network_simplex import transport

    return transport(_alive(correlations)).value


def _alive(correlations: Any) -> np.ndarray:
    """Correlations (p, q) without the units that never vary."""
    r = _validate.as_floats(correlations, "correlations").astype(np.float64)
    if r.ndim != 2 or np.abs(r[~np.isnan(r)]).max(initial=0) > 1 + 1e-9:
        raise InputError(
            f"correlations must have shape (p, q) and lie in [-1, 1], got {r.shape}, "
            f"{np.nanmin(r, initial=0):.3g} to {np.nanmax(r, initial=0):.3g}."
        )
    r = r[~np.isnan(r).all(axis=1)]
    r = r[:, ~np.isnan(r).any(axis=0)]
    if not r.size:
        raise InputError("correlations must hold at least one varying unit on each side.")
    return r
