"""How many stimuli a random expansion can separate, and how wide it must be."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.theory._encodings import positive, scalar


def separable_fraction(n_stimuli: int, n_dimensions: int) -> float:
    """Fraction of all two-way splits of stimuli that a hyperplane through the origin can make.

    ``2^(1 - n) sum_{i < d} binom(n - 1, i)`` for n stimuli in general position in d dimensions.

    Parameters
    ----------
    n_stimuli : int
        n: stimuli to split, at least 1.
    n_dimensions : int
        d: dimensions (units) in which they are in general position, at least 1.

    Returns
    -------
    float
        In (0, 1]; 1 for ``n <= d``, 1/2 for ``n = 2 d``, towards 0 beyond. A random nonlinear
        expansion of distinct stimuli puts them in general position in as many dimensions
        as it has latents, so a wide one separates anything, features or not: the reason for the
        control.

    Raises
    ------
    InputError
        A number that is not whole or is below 1.

    References
    ----------
    Cover (1965), Geometrical and statistical properties of systems of linear inequalities.

    Examples
    --------
    >>> separable_fraction(20, 10)
    0.5
    """
    from scipy.stats import binom

    for name, value in (("n_stimuli", n_stimuli), ("n_dimensions", n_dimensions)):
        if int(value) != value or value < 1:
            raise InputError(f"{name} must be a whole number of at least 1, got {value!r}.")
    if n_stimuli <= n_dimensions:
        return 1.0
    return float(np.round(binom.cdf(n_dimensions - 1, n_stimuli - 1, 0.5), 15))


def separation_probability(distance: Any, *, bias_range: Any) -> Any:
    r"""Probability that a random rectified unit answers to just one of two stimuli.

    ``sqrt(2 / pi) |x - y| / (2 lambda)`` for ``relu(<w, x> + b)`` with standard Gaussian w and b
    uniform on ``[-lambda, lambda]``: the hyperplane of a unit falls between them.

    Parameters
    ----------
    distance : float or array
        ``|x - y|``.
    bias_range : float or array
        lambda, at least ``|x - y|``. Exact for a lambda of many times the stimuli's length, 3 %
        too large for twice that length.

    Returns
    -------
    float or array
        In (0, 0.4].

    Raises
    ------
    InputError
        Numbers that are not positive; a bias range below the distance.

    Notes
    -----
    Units without bias, such as those of ``sparse.RandomExpansion``: the angle between x and y in
    units of pi.

    References
    ----------
    Dirksen, Genzel, Jacques and Stollenwerk (2021), The separation capacity of random neural
    networks, arXiv 2108.00207: such units are their first layer. Their width for whole sets has
    constants that are not given.

    Examples
    --------
    >>> round(separation_probability(1.0, bias_range=10.0), 3)
    0.04
    >>> round(separation_probability(2.0, bias_range=10.0), 3)  # twice as far, twice as often
    0.08
    """
    apart, wide = positive(distance, "distance"), positive(bias_range, "bias_range")
    if (wide < apart).any():
        raise InputError(
            f"bias_range must be at least the distance, got {bias_range} for {distance}."
        )
    return scalar(apart / (wide * np.sqrt(2 * np.pi)))


def units_to_separate(probability: Any, n_pairs: Any, *, failure: float = 0.01) -> Any:
    """Random units that are needed so that each of some pairs of stimuli is separated by a unit.

    ``ln(n_pairs / failure) / -ln(1 - probability)``, rounded up: then no pair is missed, but for a
    probability of at most ``failure`` (union bound).

    Parameters
    ----------
    probability : float or array
        That one unit separates a pair, see ``separation_probability``.
    n_pairs : float or array
        For n stimuli all of which differ: ``n (n - 1) / 2``.
    failure : float
        In (0, 1).

    Returns
    -------
    float or array
        Grows with the logarithm of the pairs: a wide random layer separates any stimuli, features
        or not, which is why it is a control.

    Raises
    ------
    InputError
        A probability or failure outside (0, 1); a number of pairs that is not positive.

    Examples
    --------
    >>> units_to_separate(0.1, 1000)
    110.0
    """
    p, pairs = positive(probability, "probability"), positive(n_pairs, "n_pairs")
    if (p >= 1).any() or not 0 < failure < 1:
        raise InputError(
            f"probability and failure must lie in (0, 1), got {probability} and {failure}."
        )
    return scalar(np.maximum(np.ceil(np.log(pairs / failure) / -np.log1p(-p)), 1.0))
