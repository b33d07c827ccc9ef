"""How many stimuli a random expansion can tell apart linearly."""

from __future__ import annotations

import numpy as np

from unbraid.errors import InputError


def separable_fraction(n_stimuli: int, n_dimensions: int) -> float:
    """Fraction of all two-way splits of stimuli that a hyperplane through the origin can make.

    ``2^(1 - n) sum_{i < d} binom(n - 1, i)`` for n stimuli in general position in d dimensions.

    Parameters
    ----------
    n_stimuli, n_dimensions : int

    Returns
    -------
    float
        In (0, 1]; 1 for ``n <= d``, 1/2 for ``n = 2 d``, towards 0 beyond. A random nonlinear
        expansion of distinct stimuli puts them in general position in as many dimensions
        as it has latents, so a wide one separates anything, features or not: the reason for the
        control.

    References
    ----------
    Cover (1965), Geometrical and statistical properties of systems of linear inequalities. For
    margins and how wide random ReLU layers must be: Dirksen, Genzel, Jacques and Stollenwerk
    (2021), The separation capacity of random neural networks.

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
