"""RSA of two encodings: squared Euclidean distances between pairs of stimuli, correlated."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.theory._encodings import as_encodings, positive, scalar


def rsa(a: Any, b: Any, *, variances: Any = None, fourth_cumulants: Any = None) -> float:
    r"""Correlation of the squared distances of ``z A`` with those of ``z B``.

    For independent features the distances of a random pair of stimuli have the covariance
    ``2 tr(V G_a V G_b) + sum_k c_k (G_a)_kk (G_b)_kk``, with ``V = diag(2 var_k)`` and
    ``c_k = 2 kappa4_k``. Gaussian features have no fourth cumulant and RSA
    equals CKA; sparse features have a large one, and RSA is deflated less.

    Parameters
    ----------
    a, b : array of shape (n_features, n_units)
        Encodings: the direction of each feature is a row.
    variances : array of shape (n_features,), optional
        Of the features; 1 where not given.
    fourth_cumulants : array of shape (n_features,), optional
        ``E (z - mean)^4 - 3 variance^2``; 0 (Gaussian) where not given.

    Returns
    -------
    float
        In [0, 1]; NaN if one encoding is zero.

    Raises
    ------
    InputError
        Encodings of different numbers of features; negative variances; cumulants below
        ``-2 variance^2``.

    Notes
    -----
    For pairs of independent stimuli; over all pairs of n stimuli the sample value differs by
    O(1/n). No closed form is known for correlation distance or rank correlation.

    Examples
    --------
    >>> a, b = [[1, 0], [1, 0], [0, 1]], [[1, 0], [0, 1], [0, 1]]
    >>> gaussian, sparse = rsa(a, b), rsa(a, b, fourth_cumulants=30.0)
    >>> round(gaussian, 3), bool(sparse > gaussian)
    (0.6, True)
    """
    a, b = as_encodings(a, b)
    variances = _of_features(variances, len(a), 1.0, "variances")
    cumulants = _of_features(fourth_cumulants, len(a), 0.0, "fourth_cumulants")
    if not (variances >= 0).all():
        raise InputError(f"variances must be at least 0, got {variances.min():.3g}.")
    least = -2 * variances**2
    if not (cumulants >= least + 1e-9 * least.min(initial=0)).all():
        raise InputError(
            "fourth_cumulants must be at least -2 variance^2, as those of every feature are."
        )
    g_a, g_b = a @ a.T, b @ b.T

    def covariance(first: np.ndarray, second: np.ndarray) -> float:
        quadratic = 2 * np.sum((2 * variances)[:, None] * first * (2 * variances) * second)
        return float(quadratic + np.sum(2 * cumulants * np.diag(first) * np.diag(second)))

    norm = covariance(g_a, g_a) * covariance(g_b, g_b)
    return float(covariance(g_a, g_b) / np.sqrt(norm)) if norm > 0 else float("nan")


def expected_rsa(n_units_a: Any, n_units_b: Any, n_features: Any, *, kurtosis: Any = 0.0) -> Any:
    r"""Mean RSA of two random encodings with unit columns for each feature.

    ``(2 + h) / (2 + h + 2 (N - 1) / m)`` with ``h = kurtosis / 2``; geometric mean of the
    denominators where the sizes differ.

    Parameters
    ----------
    n_units_a, n_units_b : float or array
        m_a and m_b: units of either system.
    n_features : float or array
        N: equal independent features.
    kurtosis : float or array
        Excess kurtosis of a feature, at least -2: 0 if Gaussian; see ``bernoulli_cumulants``.

    Returns
    -------
    float or array
        In (0, 1]; larger for sparse (heavy-tailed) features than for Gaussian ones.

    Raises
    ------
    InputError
        Numbers that are not positive; a kurtosis below -2.

    Examples
    --------
    >>> round(expected_rsa(16, 16, 64), 3), round(expected_rsa(16, 16, 64, kurtosis=20.0), 3)
    (0.203, 0.604)
    """
    m_a, m_b = positive(n_units_a, "n_units_a"), positive(n_units_b, "n_units_b")
    n, h = positive(n_features, "n_features"), np.asarray(kurtosis, dtype=float) / 2
    if not (h >= -1).all():
        raise InputError(f"kurtosis must be at least -2, as every feature's is, got {kurtosis!r}.")
    shares = [2 + h + 2 * (n - 1) / m for m in (m_a, m_b)]
    return scalar((2 + h) / np.sqrt(shares[0] * shares[1]))


def bernoulli_cumulants(probability: Any, moments: tuple[float, float, float, float]) -> np.ndarray:
    """Variance and fourth cumulant of a feature that is active now and then.

    Parameters
    ----------
    probability : float
        That it is active, in (0, 1].
    moments : tuple of 4 floats
        ``E v, E v^2, E v^3, E v^4`` of its value when active; for U(0, 1): 1/2, 1/3, 1/4, 1/5.

    Returns
    -------
    array of shape (2,)
        Variance and fourth cumulant. Their ratio ``kappa4 / variance^2`` is the excess kurtosis.

    Raises
    ------
    InputError
        A probability outside (0, 1]; numbers that are the moments of no value.

    Examples
    --------
    >>> variance, fourth = bernoulli_cumulants(0.1, (1 / 2, 1 / 3, 1 / 4, 1 / 5))
    >>> round(float(variance), 4), round(float(fourth / variance**2), 1)  # 0 if Gaussian
    (0.0308, 13.3)
    """
    if not 0 < probability <= 1:
        raise InputError(f"probability must lie in (0, 1], got {probability!r}.")
    given = np.asarray(moments, dtype=float)
    if given.shape != (4,) or not (given[1] >= given[0] ** 2 and given[3] >= given[1] ** 2):
        raise InputError(f"moments must be E v, E v^2, E v^3, E v^4 of some value, got {moments}.")
    m1, m2, m3, m4 = probability * given
    variance = m2 - m1**2
    fourth = m4 - 4 * m1 * m3 + 6 * m1**2 * m2 - 3 * m1**4
    return np.array([variance, fourth - 3 * variance**2])


def _of_features(values: Any, n: int, default: float, name: str) -> np.ndarray:
    if values is None:
        return np.full(n, default)
    array = _validate.as_floats(values, name).astype(np.float64)
    if array.ndim == 0:
        return np.full(n, float(array))
    if array.shape != (n,):
        raise InputError(f"{name} must be one number or {n}, one per feature, got {array.shape}.")
    return array
