"""Linear CKA of two encodings of the same features, from their Gram matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.theory._encodings import as_encodings, positive, root_of, scalar


def linear_cka(a: Any, b: Any, *, covariance: Any = None) -> float:
    r"""Linear CKA of ``z A`` against ``z B`` over infinitely many stimuli.

    ``tr(S G_a S G_b) / sqrt(tr((S G_a)^2) tr((S G_b)^2))`` with ``G = A A^T`` and S the covariance
    of the features z. With equal independent features it is the cosine of the two Gram
    matrices: it depends on how the features are arranged, not on what they are.

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
        Encodings of different numbers of features; a covariance of another shape, not symmetric, or
        with a negative variance in some direction.

    Notes
    -----
    Cost: an eigendecomposition of N x N for the covariance, and ``N p q`` for the product.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    >>> round(linear_cka(a, a @ [[0, 1], [-1, 0]]), 6)
    1.0
    """
    a, b = as_encodings(a, b)
    root = root_of(covariance, len(a))
    a, b = root @ a, root @ b
    cross = np.linalg.norm(a.T @ b) ** 2
    norm = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return float(cross / norm) if norm > 0 else float("nan")


def participation_ratio(covariance: Any) -> float:
    """Effective number of equally strong directions: ``(tr S)^2 / tr(S^2)``.

    Parameters
    ----------
    covariance : array of shape (n, n) or (n,)
        Covariance, or variances.

    Returns
    -------
    float
        Between 1 and n; NaN if nothing varies.

    Raises
    ------
    InputError
        An array of another shape; a negative variance.

    Examples
    --------
    >>> participation_ratio([1, 1, 1, 1]), participation_ratio([1, 0, 0, 0])
    (4.0, 1.0)
    """
    sigma = _validate.as_floats(covariance, "covariance").astype(np.float64)
    if sigma.ndim not in (1, 2) or sigma.shape[0] != sigma.shape[-1]:
        raise InputError(f"covariance must have shape (n, n) or (n,), got {sigma.shape}.")
    if not (sigma if sigma.ndim == 1 else np.diag(sigma)).min(initial=0) >= 0:
        raise InputError("covariance must have variances of at least 0.")
    total = sigma.sum() if sigma.ndim == 1 else np.trace(sigma)
    square = np.square(sigma).sum()
    return float(total**2 / square) if square > 0 else float("nan")


def expected_cka(n_units_a: Any, n_units_b: Any, dimension: Any) -> Any:
    r"""Mean linear CKA of two independent Gaussian encodings.

    .. math:: E = g(m_a) \, g(m_b) / d, \qquad
              g(m) = E\big[\operatorname{tr} W / \lVert W \rVert\big]
              \approx u^{-1/2} \, (1 + 3 v / 8), \qquad u = \frac{m + d + 1}{m d + 2}

    with d the participation ratio of the features' covariance (their number, if they are
    independent and equal). Encodings are isotropic, so that the mean is a product; ``W`` is a
    Wishart matrix of m degrees of freedom in d dimensions, ``u`` the mean of
    ``|W|^2 / (tr W)^2`` and ``v`` its relative variance, both exact. For many units and features
    ``m / (m + d + 1)`` where ``m_a = m_b = m``.

    Parameters
    ----------
    n_units_a : float or array
        m_a: units of one system.
    n_units_b : float or array
        m_b: units of the other.
    dimension : float or array
        d: number of features, or their participation ratio.

    Returns
    -------
    float or array
        In (0, 1]; 1 for a single feature.

    Raises
    ------
    InputError
        Numbers that are not positive and finite.

    Notes
    -----
    Within .003 of the mean for equal independent features, however few; a participation ratio
    stands for unequal ones only roughly.

    References
    ----------
    Murphy, Zylberberg & Fyshe (2024), arXiv 2405.01012, for the bias; the moments are those of
    Wishart matrices (Letac & Massam 2004).

    Examples
    --------
    >>> round(expected_cka(3, 3, 7), 3), round(expected_cka(50, 50, 1), 3)
    (0.305, 1.0)
    """
    m_a, m_b = positive(n_units_a, "n_units_a"), positive(n_units_b, "n_units_b")
    d = positive(dimension, "dimension")
    return scalar(_concentration(m_a, d) * _concentration(m_b, d) / d)


def _concentration(m: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Mean of ``tr W / |W|`` of a Wishart matrix, to second order."""
    entries = m * d
    square = (m + d + 1) / (entries + 2)
    fourth = entries * (
        m**3 * d + 2 * m**2 * d**2 + 2 * m**2 * d + 8 * m**2 + m * d**3 + 2 * m * d**2
        + 21 * m * d + 20 * m + 8 * d**2 + 20 * d + 20
    )  # fmt: skip
    fourth = fourth / (entries * (entries + 2) * (entries + 4) * (entries + 6))
    return (1 + 0.375 * (fourth / square**2 - 1)) / np.sqrt(square)


def expected_cka_orthonormal(n_units_a: Any, n_units_b: Any, n_features: Any) -> Any:
    """Mean linear CKA of independent encodings with orthonormal units: ``sqrt(m_a m_b) / N``.

    There can be no more orthonormal units than features.

    Parameters
    ----------
    n_units_a : float or array
        m_a: units of one system, at most N.
    n_units_b : float or array
        m_b: units of the other, at most N.
    n_features : float or array
        N: equal independent features.

    Returns
    -------
    float or array
        In (0, 1]; 1 where both have as many units as there are features.

    Raises
    ------
    InputError
        More units than features; numbers that are not positive.

    Examples
    --------
    >>> expected_cka_orthonormal(16, 16, 64), expected_cka_orthonormal(64, 64, 64)
    (0.25, 1.0)
    """
    m_a, m_b = positive(n_units_a, "n_units_a"), positive(n_units_b, "n_units_b")
    n = positive(n_features, "n_features")
    if (np.maximum(m_a, m_b) > n).any():
        raise InputError(
            f"n_units_a and n_units_b must be at most n_features={n_features}, got {n_units_a} "
            f"and {n_units_b}."
        )
    return scalar(np.sqrt(m_a * m_b) / n)
