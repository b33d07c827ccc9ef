"""Rotations and canonical correlations between two encodings, with infinitely many stimuli."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.theory._encodings import as_encodings, root_of


def procrustes(a: Any, b: Any, *, covariance: Any = None) -> float:
    r"""Cosine of ``z B`` with the best rotation of ``z A``.

    ``|A^T S B|_* / sqrt(tr(A^T S A) tr(B^T S B))``: the sum of singular values, by the sizes.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Encodings: the direction of each feature is a row. Numbers of units may differ.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    float
        In [0, 1]; 1 if the encodings are equal up to rotation and scale; NaN if one is zero.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Notes
    -----
    Cost: an eigendecomposition of N x N and a singular value decomposition of p x q.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(procrustes(a, 3 * a @ [[0, 1], [-1, 0]]), 6)  # a rotation and a scale
    1.0
    """
    a, b = _whitened(a, b, covariance)
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(np.linalg.norm(a.T @ b, ord="nuc") / norm) if norm > 0 else float("nan")


def cca(a: Any, b: Any, *, covariance: Any = None) -> float:
    """Mean canonical correlation of ``z A`` with ``z B``.

    Mean cosine of the principal angles between the spans of ``S^(1/2) A`` and ``S^(1/2) B``, over
    the smaller rank.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Encodings: the direction of each feature is a row. Numbers of units may differ.
    covariance : array of shape (n_features, n_features) or (n_features,), optional
        Of the features, or their variances; identity where not given.

    Returns
    -------
    float
        In [0, 1]; 1 if one span holds the other; NaN if one encoding is zero.

    Raises
    ------
    InputError
        Encodings of different numbers of features; an impossible covariance.

    Notes
    -----
    Invariant to every invertible linear map of the units of either side.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(cca(a, a @ [[2, 1], [0, 1]]), 6)  # any invertible map of the units
    1.0
    """
    spans = [_span(side) for side in _whitened(a, b, covariance)]
    if not min(span.shape[1] for span in spans):
        return float("nan")
    cosines = np.linalg.svd(spans[0].T @ spans[1], compute_uv=False)
    return float(np.minimum(cosines, 1).mean())


def _whitened(a: Any, b: Any, covariance: Any) -> tuple[np.ndarray, np.ndarray]:
    a, b = as_encodings(a, b)
    root = root_of(covariance, len(a))
    return root @ a, root @ b


def _span(side: np.ndarray) -> np.ndarray:
    """Orthonormal basis (N, rank) of the columns."""
    left, sizes, _ = np.linalg.svd(side, full_matrices=False)
    return left[:, sizes > sizes.max(initial=0) * max(side.shape) * np.finfo(float).eps]
