"""Atoms of families taken apart: what a latent shares with those that it needs is not its own."""

from __future__ import annotations

import numpy as np

from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.learning._alternating import Coded

_CHANCE = 3.0  # standard deviations of the cosine of two random directions
_NEEDS = 0.15  # how much likelier than by chance a latent's companion is, as a share of certainty
_SURE = 2.0  # standard deviations of how often it happens by chance, subtracted first
_HOLDS = 0.75  # share of a companion's usual code that a latent brings along by itself
_LEAST = 0.3  # of a latent's usual code: what is smaller only corrects it
_SMALL = 0.05  # codes below this share of their stimulus' largest are noise
_LEFT = 0.2  # what is left of an atom is a direction if it has this length or more


def untangle(atoms: np.ndarray, coded: Coded, *, signed: bool = False) -> tuple[np.ndarray, int]:
    """Return atoms (m, p) at right angles to those that they contain, and how many were changed.

    A sparse code is sparser where one latent stands for a feature and for all that this feature
    needs (absorption): its atom is their sum. Atoms ``a_j`` and ``a_i`` whose cosine is above
    chance, ``3 / sqrt(p)``, are taken for such a pair where i is on clearly more often with j than
    otherwise, or where ``a_j`` holds what is usual of i: ``cos(a_j, a_i) s_j >= 0.75 s_i``, s the
    usual size of a latent's codes. The more special of the two, with the larger ``s^2`` for each
    time it is on, loses what all its more general companions span: ``x = z A`` stays possible,
    codes of the companions grow. Not taken for a companion is what only corrects j, however often
    it is on: what has ``s_i < 0.3 s_j``; and where an atom leans on another's opposite, which codes
    that are not negative cannot absorb, the more special is the one with less ``s^2`` in all.
    """
    m = len(atoms)
    size, times, together = _statistics(coded, m)
    cosine = atoms @ atoms.T
    opposed = (cosine < 0) & (not signed)
    cosine = np.abs(cosine)
    np.fill_diagonal(cosine, 0)
    chance = times / len(coded.active)
    of = np.maximum(times, 1)[:, None]
    luck = _SURE * np.sqrt(chance * (1 - chance) / of)
    needs = (together / of - chance - luck) / np.maximum(1 - chance, 1e-9)
    holds = cosine * size[:, None] / np.maximum(size, 1e-12)
    general, energy = times / np.maximum(size, 1e-12) ** 2, times * size**2
    contained = (needs > _NEEDS) | (holds > _HOLDS)
    contained &= (cosine > _CHANCE / np.sqrt(atoms.shape[1])) & (times > 0)
    contained &= np.where(opposed, energy > energy[:, None], general > general[:, None])
    contained &= size > _LEAST * size[:, None]
    new, changed = atoms.copy(), 0
    for j in np.flatnonzero(contained.any(axis=1)):
        others = atoms[contained[j]]
        own = atoms[j] - np.linalg.lstsq(others.T, atoms[j], rcond=1e-3)[0] @ others
        length = float(np.linalg.norm(own))
        if length > _LEFT:
            new[j] = own / length
            changed += 1
    return new, changed


def _statistics(coded: Coded, m: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return usual size and times on of each latent (m,), and times on together (m, m)."""
    codes = np.where(coded.active >= 0, np.abs(coded.codes), 0)
    codes = np.where(codes > _SMALL * codes.max(1, keepdims=True), codes, 0)
    z = from_active(coded.active, codes, m)
    squares = np.bincount(z.indices, weights=z.data.astype(np.float64) ** 2, minlength=m)
    sums = np.bincount(z.indices, weights=z.data, minlength=m)
    z.data[:] = 1
    together = np.asarray((z.T @ z).todense())
    return squares / np.maximum(sums, 1e-12), together.diagonal().copy(), together
