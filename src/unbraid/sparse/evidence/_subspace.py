"""Whether the atoms that two dictionaries do not share still span one subspace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._validate import as_rng, check_count, check_number
from unbraid.errors import InputError
from unbraid.responses import as_responses
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse.evidence._stability import directions, match

_CARRIED = 0.9  # of the squared singular values, by which the rank is chosen
_LEVEL = 0.9  # of an interval, as everywhere in reports of chance


@documented_answer
@dataclass(frozen=True, kw_only=True)
class SubspaceStability:
    """How far the subspaces of unmatched atoms agree, beside chance."""

    value: float
    """Mean squared cosine of the principal angles, in [0, 1]; NaN where all atoms are matched."""
    rank: int
    """Directions of either subspace, r."""
    unmatched: tuple[int, int]
    """Atoms of each dictionary without a like one in the other."""
    null: float
    """Mean of the same for random directions from the responses' covariance."""
    null_low: float
    """Lower end of what nine tenths of the random ones give."""
    null_high: float
    """Upper end of it."""
    p_value: float
    """Of a value so large for random directions; NaN where all atoms are matched."""


def subspace_stability(
    first: Dictionary,
    second: Dictionary,
    x: Any,
    *,
    alike: float = 0.7,
    rank: int | None = None,
    draws: int = 199,
    rng: int | np.random.Generator | None = 0,
) -> SubspaceStability:
    r"""Agreement of the subspaces that unmatched atoms of two dictionaries span.

    Atoms are matched one to one by cosine; those below ``alike`` (or left over) of each dictionary
    span, at rank r, the subspaces with orthonormal bases U and V, and the value is
    :math:`\|U^\top V\|_F^2 / r`.

    Parameters
    ----------
    first, second : Dictionary
        Of the same units, most often of two seeds.
    x : Responses or array of shape (n, p)
        Responses that the dictionaries describe; random directions are drawn from their covariance.
    alike : float
        Cosine at which two atoms count as one, or above.
    rank : int, optional
        By default the fewest leading directions that carry nine tenths of each side's unmatched
        atoms (the larger of the two numbers).
    draws : int
        Random pairs of as many directions for the null.
    rng : int, Generator or None
        Seed of the random directions.

    Returns
    -------
    SubspaceStability
        1: unstable latents lie in one stable subspace, though no atom is found twice.

    Raises
    ------
    InputError
        Dictionaries of different units; a rank above the number of unmatched atoms.

    Notes
    -----
    r / p, the value of isotropic random subspaces, is too low a null where the spectrum of the
    responses is steep: any dictionary of them lies along their leading directions. The null takes
    those into account. There is no interval: atoms are no sample. Cost O(draws m^2 p).

    References
    ----------
    Unstable latents in stable low-rank subspaces: arXiv 2606.12138.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, Dictionary
    >>> x = np.random.default_rng(0).normal(size=(300, 6))
    >>> rotated = np.eye(6)[:2] @ np.linalg.qr(np.random.default_rng(1).normal(size=(6, 6)))[0]
    >>> mixed = np.array([[1.0, 1], [1, -1]]) @ rotated / np.sqrt(2)
    >>> sides = [Dictionary(atoms=a, offset=np.zeros(6), method=PCA()) for a in (rotated, mixed)]
    >>> round(subspace_stability(*sides, x, alike=0.9).value, 6)
    1.0
    """
    check_number(alike, "alike")
    check_count(draws, "draws", 19)
    if not 0 < alike <= 1:
        raise InputError(f"alike must lie in (0, 1], got {alike}.")
    (a, b), signed = directions([first, second])
    values = as_responses(x).toarray().astype(np.float64)
    if values.shape[1] != a.shape[1]:
        raise InputError(f"x must have the {a.shape[1]} units of the atoms, got {values.shape[1]}.")
    i, j, cosine = match(a, b, signed)
    same = np.abs(cosine) >= alike
    rest = np.delete(a, i[same], axis=0), np.delete(b, j[same], axis=0)
    unmatched = len(rest[0]), len(rest[1])
    nothing = dict.fromkeys(("value", "null", "null_low", "null_high", "p_value"), float("nan"))
    if not min(unmatched):
        return SubspaceStability(rank=0, unmatched=unmatched, **nothing)
    most = min(*unmatched, a.shape[1])
    r = max(_rank_of(each) for each in rest) if rank is None else rank
    r = min(r, most) if rank is None else r
    if not 1 <= r <= most:
        raise InputError(f"rank must lie in 1..{most}, the number of unmatched atoms, got {rank}.")
    value = _agreement(*rest, r)
    random = as_rng(rng)
    values -= values.mean(axis=0)
    null = np.array([
        _agreement(_drawn(values, unmatched[0], random), _drawn(values, unmatched[1], random), r)
        for _ in range(draws)
    ])  # fmt: skip
    low, high = np.quantile(null, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return SubspaceStability(
        value=value,
        rank=r,
        unmatched=unmatched,
        null=float(null.mean()),
        null_low=float(low),
        null_high=float(high),
        p_value=stats.permutation_p(value, null),
    )


def _rank_of(atoms: np.ndarray) -> int:
    share = np.cumsum(np.square(np.linalg.svd(atoms, compute_uv=False)))
    return int(np.searchsorted(share, _CARRIED * share[-1]) + 1)


def _agreement(a: np.ndarray, b: np.ndarray, r: int) -> float:
    u, v = (np.linalg.svd(each, full_matrices=False)[2][:r] for each in (a, b))
    return float(np.square(u @ v.T).sum() / r)


def _drawn(centred: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return directions of unit length (count, p), normal with the responses' covariance."""
    found = rng.normal(size=(count, len(centred))) @ centred
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))
