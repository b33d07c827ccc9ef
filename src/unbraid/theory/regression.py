"""Linear regression of one encoding on another, without noise and with infinitely many stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.theory._encodings import as_encodings, positive, root_of, scalar


def r2_per_unit(a: Any, b: Any, *, covariance: Any = None) -> np.ndarray:
    r"""Variance of each unit of ``z B`` that is linear in ``z A``.

    ``b_j^T P b_j / |b_j|^2`` with ``b_j = S^(1/2) B_j`` and P the projection onto the
    columns of ``S^(1/2) A``.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Source and target: the direction of each feature is a row.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    array of shape (n_units of b,)
        In [0, 1]; 1 where the unit lies in the source's span; NaN for a unit that never varies.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Notes
    -----
    Directions of the source below rounding (relative to its largest) count as absent.

    Examples
    --------
    >>> r2_per_unit([[1], [0]], [[1, 1], [0, 1]]).round(6)
    array([1. , 0.5])
    """
    explained, total = _explained(a, b, covariance)
    return np.where(total > 0, explained / np.where(total > 0, total, 1), np.nan)


def r2(a: Any, b: Any, *, covariance: Any = None) -> float:
    """Variance of all units of ``z B`` together that is linear in ``z A``; see ``r2_per_unit``.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Source and target: the direction of each feature is a row.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    float
        In [0, 1]; it depends on A only through the space that A spans. NaN if B is zero.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Examples
    --------
    >>> round(r2([[1], [0]], [[1, 1], [0, 1]]), 6)  # variances 1 and 2, of which 1 and 1
    0.666667
    """
    explained, total = _explained(a, b, covariance)
    return float(explained.sum() / total.sum()) if total.sum() > 0 else float("nan")


def ridge(a: Any, b: Any, *, covariance: Any = None) -> float:
    """Mean correlation of best linear predictions with the units of ``z B``: ``mean_j sqrt(R2_j)``.

    Units that never vary are left out, as the metric does.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Source and target: the direction of each feature is a row.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    float
        In [0, 1]; 1 if the source spans every unit of the target; NaN if no unit varies.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Examples
    --------
    >>> round(ridge([[1], [0]], [[1, 1], [0, 1]]), 3)
    0.854
    """
    each = r2_per_unit(a, b, covariance=covariance)
    return float(np.nanmean(np.sqrt(each))) if np.isfinite(each).any() else float("nan")


def expected_r2(n_units: Any, n_features: Any) -> Any:
    """Mean R2 from a random encoding with ``n_units``: ``m / N``, at most 1.

    Parameters
    ----------
    n_units : float or array
        m: units of the source, in directions drawn at random.
    n_features : float or array
        N: equal independent features.

    Returns
    -------
    float or array
        In (0, 1]; 1 from as many units as features on.

    Raises
    ------
    InputError
        Numbers that are not positive and finite.

    Examples
    --------
    >>> expected_r2(16, 64), expected_r2(100, 64)
    (0.25, 1.0)
    """
    m, n = positive(n_units, "n_units"), positive(n_features, "n_features")
    return scalar(np.minimum(m / n, 1.0))


def _explained(a: Any, b: Any, covariance: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = as_encodings(a, b)
    root = root_of(covariance, len(a))
    a, b = root @ a, root @ b
    left, sizes, _ = np.linalg.svd(a, full_matrices=False)
    span = left[:, sizes > sizes.max(initial=0) * max(a.shape) * np.finfo(float).eps]
    return np.square(span.T @ b).sum(axis=0), np.square(b).sum(axis=0)
