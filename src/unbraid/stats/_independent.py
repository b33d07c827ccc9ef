"""How many independent measurements several systems' units are together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

_ROWS = 1000  # stimuli: singular values of that many rows take less than a second
_RANK = 1e-5  # of the largest singular value: float32 responses have nothing below


def independent_units(systems: Sequence[np.ndarray]) -> float:
    """Effective number of linearly independent units of systems that saw the same stimuli.

    ``R^2 / (R + 2 sum rho^2)``, with ``R`` the sum of the systems' ranks and ``rho`` the canonical
    correlations of each pair of systems, less what chance gives. Of one system its rank.

    Parameters
    ----------
    systems : sequence of arrays of shape (n, p_s)
        Responses to the same stimuli.

    Returns
    -------
    float
        From the largest rank (all systems repeat one) to the sum of ranks (none predicts another).
        Constant and repeated units are not counted.

    Notes
    -----
    It is estimated from a thousand stimuli, evenly spaced. With fewer stimuli than units ranks are
    of the stimuli. Cost ``O(n p min(n, p))``.

    Examples
    --------
    >>> import numpy as np
    >>> x, y = np.random.default_rng(0).normal(size=(2, 500, 4))
    >>> round(independent_units([x])), round(independent_units([x, y]))
    (4, 8)
    >>> round(independent_units([x, x[:, ::-1]])), round(independent_units([np.hstack([x, x])]))
    (4, 4)
    """
    bases = [_basis(x[:: max(1, -(-len(x) // _ROWS))]) for x in systems]
    total = float(sum(each.shape[1] for each in bases))
    repeated = sum(_repeated(a, b) for a, b in combinations(bases, 2))
    return total**2 / (total + 2 * repeated) if total else 0.0


def _basis(x: np.ndarray) -> np.ndarray:
    """Return an orthonormal basis (n, rank) of the columns about their means."""
    centred = np.asarray(x, np.float64) - np.mean(x, axis=0, dtype=np.float64)
    largest = np.abs(centred).max(axis=0, initial=0.0)
    rounding = 1e-6 * np.abs(x).max(axis=0, initial=0.0)  # all that a large constant leaves
    kept = largest > rounding
    if not kept.any():
        return np.zeros((len(x), 0))
    left, size, _ = np.linalg.svd(centred[:, kept] / largest[kept], full_matrices=False)
    return np.asarray(left[:, size > _RANK * size[0]])


def _repeated(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of squared canonical correlations, less what chance gives."""
    least = min(a.shape[1], b.shape[1])
    if not least:
        return 0.0
    found = float(np.square(a.T @ b).sum())
    chance = a.shape[1] * b.shape[1] / (len(a) - 1)
    if chance >= least:
        return 0.0
    return max(0.0, (found - chance) / (1 - chance / least))
