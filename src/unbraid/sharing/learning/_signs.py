"""Whether features take both signs, where codes were learned that do not."""

from __future__ import annotations

import numpy as np

_OPPOSITE = -0.9  # cosine of two atoms of one feature, one for each sign
_PAIRED, _FEWEST_PAIRED = 0.1, 4  # of the atoms: in few units one pair may be so by chance
_FEWEST_HELD = 100  # stimuli: with fewer an asymmetry may not be seen
_FLIPS = 99  # p-values are multiples of .01
_SYMMETRIC = 0.05  # least p-value at which both signs count as equally likely


def opposite_atoms(atoms: np.ndarray) -> int:
    """Return how many atoms are the opposite of another one."""
    length = np.linalg.norm(np.asarray(atoms, np.float64), axis=1, keepdims=True)
    unit = np.divide(atoms, length, out=np.zeros(atoms.shape), where=length > 0)
    return int(((unit @ unit.T).min(axis=1, initial=1.0) < _OPPOSITE).sum())


def asymmetry_p(x: np.ndarray, atoms: np.ndarray, rng: np.random.Generator) -> float:
    """Return the p-value of no difference between responses and their opposites about the mean.

    Of stimuli that the atoms were not learned from: atoms follow the skewness that chance gives.
    The statistic is the sum of the squared skewness of the responses along the atoms; the null
    flips stimuli at random. Sparse codes that are not negative are skewed.
    """
    along = (x - x.mean(axis=0)).astype(np.float64) @ np.asarray(atoms, np.float64).T

    def skew(y: np.ndarray) -> float:
        y = y - y.mean(axis=0)
        power = np.square(y).mean(axis=0)
        third = np.divide(
            (y**3).mean(axis=0), power**1.5, out=np.zeros_like(power), where=power > 0
        )
        return float(np.square(third).sum())

    observed = skew(along)
    flipped = [skew(along * rng.choice([-1.0, 1.0], (len(along), 1))) for _ in range(_FLIPS)]
    return (1 + sum(each >= observed for each in flipped)) / (1 + _FLIPS)


def line_of_signs(x: np.ndarray, atoms: np.ndarray) -> str:
    """Return what a reader must know of unsigned codes of features that take both signs, or "".

    ``x``: scaled responses to held-out stimuli.
    """
    remedy = "Learn signed codes, such as SparseCoding(signed=True)."
    paired = opposite_atoms(atoms)
    if paired >= max(_FEWEST_PAIRED, _PAIRED * len(atoms)):
        return (
            f"{paired} of {len(atoms)} atoms are the opposite of another: features that take both "
            f"signs are split in two, and counted twice. {remedy}"
        )
    if len(x) >= _FEWEST_HELD and asymmetry_p(x, atoms, np.random.default_rng(0)) >= _SYMMETRIC:
        return (
            "Responses are as often on one side of their mean as on the other, along every atom: "
            "features take both signs, or none is sparse. Codes that cannot be negative mix or "
            f"split them, and kinds mean little. {remedy}"
        )
    return ""
