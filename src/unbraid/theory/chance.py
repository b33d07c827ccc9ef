"""Matching of units: the scores that mixing, chance and imperfect recovery give."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.theory._encodings import positive, scalar


def mixture_correlation(shared: Any, summed: Any) -> Any:
    """Correlation of two units that each add ``summed`` equal features and share ``shared``.

    Parameters
    ----------
    shared : float or array
        t: features that both units add, in 0..s.
    summed : float or array
        s: features that each unit adds, of equal variance.

    Returns
    -------
    float or array
        ``t / s``, in [0, 1]; 1 where all are shared.

    Raises
    ------
    InputError
        More features shared than added.

    Examples
    --------
    >>> mixture_correlation(1, 4)
    0.25
    """
    s = positive(summed, "summed")
    t = np.asarray(shared, dtype=float)
    if not ((t >= 0) & (t <= s)).all():
        raise InputError(f"shared must lie in 0..summed={summed}, got {shared}.")
    return scalar(t / s)


def expected_maximum(m: int) -> float:
    """Mean of the largest of m standard normal numbers, e_m.

    Parameters
    ----------
    m : int
        How many independent numbers, at least 1.

    Returns
    -------
    float
        0 for m = 1; below ``sqrt(2 ln m)``, which is an overestimate at the sizes of networks.

    Raises
    ------
    InputError
        A number that is not whole or is below 1.

    Examples
    --------
    >>> round(expected_maximum(16), 2)
    1.77
    """
    from scipy.integrate import quad
    from scipy.stats import norm

    if int(m) != m or m < 1:
        raise InputError(f"m must be a whole number of at least 1, got {m!r}.")

    def integrand(x: float) -> float:
        return float(x * m * np.exp(norm.logpdf(x) + (m - 1) * norm.logcdf(x)))

    return float(quad(integrand, -12.0, 12.0, limit=400, points=[0.0])[0])


def expected_semi_matching(n_units_source: int, dimension: float) -> float:
    """Mean semi-matching score of two random encodings: about ``e_m / sqrt(d)``.

    Parameters
    ----------
    n_units_source : int
        Units to choose from.
    dimension : float
        Number of features, or the participation ratio of their covariance.

    Returns
    -------
    float
        0 for one source unit; it grows with the units to choose from, though none shares anything
        by more than chance. Above 1 the approximation does not hold (many more units than
        features).

    Raises
    ------
    InputError
        Units that are no whole number; a dimension that is not positive.

    Examples
    --------
    >>> round(expected_semi_matching(16, 64), 3)
    0.221
    """
    return expected_maximum(n_units_source) / float(np.sqrt(positive(dimension, "dimension")))


def in_sample_bias(n_units_source: int, n_stimuli: int) -> float:
    """Score that choosing the best of many units reaches on noise: ``e_m / sqrt(n)``.

    What semi-matching of independent responses gives on the stimuli it was fitted on; held out it
    is 0. The wider system would be favoured.

    Parameters
    ----------
    n_units_source : int
        Units to choose from.
    n_stimuli : int
        Stimuli that the choice is made on.

    Returns
    -------
    float
        0 for one source unit; above 1 the approximation does not hold (few stimuli, many units).

    Raises
    ------
    InputError
        Units that are no whole number; stimuli that are not positive.

    Examples
    --------
    >>> round(in_sample_bias(1000, 200), 2), in_sample_bias(1, 200) < 1e-9
    (0.23, True)
    """
    return expected_maximum(n_units_source) / float(np.sqrt(positive(n_stimuli, "n_stimuli")))


def recovered_score(rho_a: Any, rho_b: Any) -> float:
    """Score that codes with independent errors reach when matched: ``mean_k rho_a,k rho_b,k``.

    Parameters
    ----------
    rho_a, rho_b : float or array of shape (n_features,)
        Correlation of each system's best code with each feature.

    Returns
    -------
    float
        In [-1, 1]; 1 if both systems recover every feature.

    Raises
    ------
    InputError
        A correlation outside [-1, 1].

    Notes
    -----
    Unbraiding raises a matching score if and only if this is above the score of the units.

    Examples
    --------
    >>> round(recovered_score(0.9, 0.8), 2)
    0.72
    """
    a, b = np.broadcast_arrays(np.asarray(rho_a, float), np.asarray(rho_b, float))
    if np.abs(a).max(initial=0) > 1 or np.abs(b).max(initial=0) > 1:
        raise InputError("rho_a and rho_b must be correlations in [-1, 1].")
    return float(np.mean(a * b))
