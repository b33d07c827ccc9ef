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

    Returns
    -------
    array of shape (n_units of b,)
        In [0, 1]; 1 where the unit lies in the source's span; NaN for a unit that never varies.
    """
    explained, total = _explained(a, b, covariance)
    return np.where(total > 0, explained / np.where(total > 0, total, 1), np.nan)


def r2(a: Any, b: Any, *, covariance: Any = None) -> float:
    """Variance of all units of ``z B`` together that is linear in ``z A``; see ``r2_per_unit``.

    Returns
    -------
    float
        In [0, 1]; it depends on A only through the space that A spans. NaN if B is zero.
    """
    explained, total = _explained(a, b, covariance)
    return float(explained.sum() / total.sum()) if total.sum() > 0 else float("nan")


def ridge(a: Any, b: Any, *, covariance: Any = None) -> float:
    """Mean correlation of best linear predictions with the units of ``z B``: ``mean_j sqrt(R2_j)``.

    Units that never vary are left out, as the metric does.
    """
    each = r2_per_unit(a, b, covariance=covariance)
    return float(np.nanmean(np.sqrt(each))) if np.isfinite(each).any() else float("nan")


def expected_r2(n_units: Any, n_features: Any) -> Any:
    """Mean R2 from a random encoding with ``n_units``: ``m / N``, at most 1."""
    m, n = positive(n_units, "n_units"), positive(n_features, "n_features")
    return scalar(np.minimum(m / n, 1.0))


def _explained(a: Any, b: Any, covariance: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = as_encodings(a, b)
    root = root_of(covariance, len(a))
    a, b = root @ a, root @ b
    left, sizes, _ = np.linalg.svd(a, full_matrices=False)
    span = left[:, sizes > sizes.max(initial=0) * max(a.shape) * np.finfo(float).eps]
    return np.square(span.T @ b).sum(axis=0), np.square(b).sum(axis=0)
