"""Latents of several systems whose part in one of them is another latent's too."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc, betaincinv

_ALIKE = 0.9  # two atoms of at least this cosine are one direction
_BY_CHANCE = 0.01  # of a random direction among all others being as alike
_LESS = 1 / 3  # of what a latent holds of another in one system: a mixture holds about as much
_PART = 0.2  # an atom is used in a system where it has this part of its largest length


def confounded(atoms: np.ndarray, sizes: tuple[int, ...], used: np.ndarray) -> np.ndarray:
    """Return which latents (m,) have a direction in some system that another latent uses otherwise.

    Two features that often come together, one in each system, have several dictionaries that are
    about equally sparse: ``(a, 0), (0, b)`` or ``(a, b), (a, 0)`` or ``(a, b), (a, -b)``. All but
    the first hold atoms ``(a, b)`` that predict each system from the other, and yet are no shared
    feature. The dictionary shows it: the part of one latent in a system is collinear with that of
    another (cosine .9; more in few units, such that a random direction among all others reaches
    it with probability .01), and in another system less than a third of it is in the other latent.
    A copy of the latent, or a mixture of it with another feature, has as much of it everywhere.

    ``used``: latents (m,) that are active often enough to count.
    """
    atoms = np.asarray(atoms, np.float64)
    parts = np.split(atoms, np.cumsum(sizes)[:-1], axis=1)
    length = np.column_stack([np.linalg.norm(part, axis=1) for part in parts])
    there = length >= _PART * np.maximum(length.max(axis=1, keepdims=True), 1e-300)
    amounts = [_amounts(part) for part in parts]  # of each latent (row) in each other
    found = np.zeros(len(atoms), bool)
    for s, (part, size) in enumerate(zip(parts, sizes, strict=True)):
        alike = _cosines(part) >= threshold(size, len(atoms))
        alike &= np.outer(there[:, s], there[:, s] & used)
        for t, amount in enumerate(amounts):
            # the sign of what is compared with goes with it, so that (a, b) and (-a, -b) agree
            less = amount * np.sign(amounts[s]) < _LESS * np.abs(amounts[s])
            if t != s:
                found |= (alike & less & there[:, [t]]).any(axis=1)
    return found


def threshold(units: int, m: int) -> float:
    """Return the cosine at which two of ``m`` atoms in so many units are one direction.

    The squared cosine of random directions follows a beta distribution, (1/2, (units - 1) / 2).
    Above 1, which no cosine reaches, for one unit.
    """
    if units < 2:
        return 2.0
    shape = 0.5, (units - 1) / 2
    chance = _BY_CHANCE / max(m - 1, 1)
    if 1 - betainc(*shape, _ALIKE**2) <= chance:
        return _ALIKE
    return float(np.sqrt(betaincinv(*shape, 1 - chance)))


def _amounts(rows: np.ndarray) -> np.ndarray:
    """Return how much of each row is in every other (m, m): ``<a_i, a_j> / |a_i|^2``."""
    square = np.square(rows).sum(axis=1, keepdims=True)
    return np.divide(rows @ rows.T, square, out=np.zeros((len(rows),) * 2), where=square > 0)


def _cosines(rows: np.ndarray) -> np.ndarray:
    """Return absolute cosines (m, m) of rows, 0 with itself and with rows of zeros."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, length, out=np.zeros_like(rows), where=length > 0)
    found = np.abs(unit @ unit.T)
    np.fill_diagonal(found, 0)
    return np.asarray(found)
