"""Whether the answer to two things together is the sum of the answers to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CosineContrast:
    """Cosines of some pairs beside those of a baseline, and tests of their difference."""

    baseline: str
    """Which baseline it is."""
    cosines: np.ndarray
    """(n,) baseline of each pair."""
    difference: float
    """Mean of statistic - baseline."""
    t_p: float
    """One-sided paired t test; NaN where all differences are equal."""
    wilcoxon_p: float
    """One-sided signed-rank test; with n pairs never below 2^-n."""
    sign_flip_p: float
    """One-sided sign-flip permutation test, exact up to 16 pairs, otherwise of 65,536 draws."""

    def __repr__(self) -> str:
        return (
            f"CosineContrast(+{self.difference:.3f} over {self.baseline}, t {self.t_p:.2g}, "
            f"Wilcoxon {self.wilcoxon_p:.2g}, sign flip {self.sign_flip_p:.2g})"
        )


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Composed:
    """A statistic of composition for each pair, and its contrasts with baselines."""

    statistic: np.ndarray
    """(n,) cosine of each pair."""
    contrasts: tuple[CosineContrast, ...]
    """The statistic beside each baseline."""
    centred: bool
    """Whether the mean response was removed first."""

    def __repr__(self) -> str:
        mean = self.statistic.mean()
        return f"Composed({len(self.statistic)} pairs, cosine {mean:.3f}, {self.contrasts!r})"


def additivity(
    a: Any,
    b: Any,
    both: Any,
    *,
    mean: Any = None,
    rng: int | np.random.Generator | None = 0,
) -> Composed:
    r"""Cosine of ``f(a) + f(b)`` with ``f(a and b)``, against three baselines.

    Parameters
    ----------
    a, b, both : array of shape (n, p)
        Responses to the first things, the second things, and each pair together.
    mean : array of shape (p,), optional
        Mean response of many other stimuli, removed from all three first. Without it a large
        common response makes every cosine large.
    rng : int or Generator
        Of the shuffled pairs and the sign flips.

    Returns
    -------
    Composed
        With the contrasts ``parts``: ``cos(f(a), f(b))``; ``better part``: the larger of
        ``cos(f(a), f(both))`` and ``cos(f(b), f(both))``; ``shuffled``:
        ``cos(f(a) + f(b'), f(both))`` with b' of another pair.

    Raises
    ------
    InputError
        Arrays of different shapes, fewer than two pairs, or a mean of another length.

    Notes
    -----
    If ``f(a) = m + u``, ``f(b) = m + v``, ``f(both) = m + u + v`` with orthonormal u and v and
    ``|m|^2 = r``, the statistic is ``(2 r + 2) / sqrt((4 r + 2)(r + 2))`` and the baseline of
    parts is ``r / (1 + r)``.

    References
    ----------
    Klindt et al. (2025), From superposition to sparse codes, arXiv 2503.01824, figure 1.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(2, 30, 50))
    >>> found = additivity(a, b, a + b)  # a code that adds
    >>> bool(np.allclose(found.statistic, 1)), found.contrasts[0].baseline
    (True, 'parts')
    >>> found.contrasts[0].difference > 0.8
    True
    """
    a, b, both = _matched(a=a, b=b, both=both)
    a, b, both, centred = _centred((a, b, both), mean)
    rng = _validate.as_rng(rng)
    other = b[_derangement(len(b), rng)]
    statistic = _cosines(a + b, both)
    baselines = {
        "parts": _cosines(a, b),
        "better part": np.maximum(_cosines(a, both), _cosines(b, both)),
        "shuffled": _cosines(a + other, both),
    }
    return _composed(statistic, baselines, centred, rng)


def analogy(
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    *,
    mean: Any = None,
    rng: int | np.random.Generator | None = 0,
) -> Composed:
    """Cosine of ``f(a) - f(b) + f(c)`` with ``f(d)``: a is to b as d is to c.

    Parameters
    ----------
    a, b, c, d : array of shape (n, p)
        Responses to the four things of each quadruple: a is to b as d is to c.
    mean : array of shape (p,), optional
        Mean response of many other stimuli, removed first, as in ``additivity``.
    rng : int or Generator
        Of the shuffled quadruples and the sign flips.

    Returns
    -------
    Composed
        With the contrasts ``c`` and ``a``, cosines of d with those alone, and ``shuffled``, with
        the d of another quadruple.

    Raises
    ------
    InputError
        Arrays of different shapes, fewer than two quadruples, or a mean of another length.

    References
    ----------
    Klindt et al. (2025), arXiv 2503.01824, figure 3.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> king, man, woman = rng.normal(size=(3, 30, 50))
    >>> found = analogy(king, man, woman, king - man + woman)
    >>> bool(np.allclose(found.statistic, 1))
    True
    """
    a, b, c, d = _matched(a=a, b=b, c=c, d=d)
    a, b, c, d, centred = _centred((a, b, c, d), mean)
    rng = _validate.as_rng(rng)
    guess = a - b + c
    other = d[_derangement(len(d), rng)]
    baselines = {"c": _cosines(c, d), "a": _cosines(a, d), "shuffled": _cosines(guess, other)}
    return _composed(_cosines(guess, d), baselines, centred, rng)


def sign_flip_p(differences: Any, *, rng: int | np.random.Generator | None = 0) -> float:
    """One-sided p of a mean above 0, if each difference's sign were a coin's.

    Parameters
    ----------
    differences : array of shape (n,)
        Paired differences.
    rng : int, Generator or None
        Of the 65,536 random flips, where there are more than 16 differences.

    Returns
    -------
    float
        Exact up to 16 differences, then never below ``2^-n``; otherwise ``(1 + hits) / 65,537``.

    Examples
    --------
    >>> sign_flip_p([1.0, 2.0, 3.0]), sign_flip_p([1.0, -1.0])
    (0.125, 0.75)
    """
    d = np.asarray(differences, dtype=float)
    observed = d.sum() - 1e-12 * np.abs(d).sum()
    if len(d) <= 16:
        signs = 1 - 2 * ((np.arange(2 ** len(d))[:, None] >> np.arange(len(d))) & 1)
        return float(np.mean(signs @ d >= observed))
    rng = _validate.as_rng(rng)
    hits = 0
    for _ in range(64):
        hits += int((rng.choice((-1.0, 1.0), size=(1024, len(d))) @ d >= observed).sum())
    return (1 + hits) / (1 + 64 * 1024)


def _composed(
    statistic: np.ndarray,
    baselines: dict[str, np.ndarray],
    centred: bool,
    rng: np.random.Generator,
) -> Composed:
    from scipy import stats

    contrasts = []
    for name, cosines in baselines.items():
        gain = statistic - cosines
        contrasts.append(
            CosineContrast(
                baseline=name,
                cosines=cosines,
                difference=float(gain.mean()),
                t_p=_t_p(gain),
                wilcoxon_p=float(stats.wilcoxon(gain, alternative="greater").pvalue)
                if gain.any()
                else 1.0,
                sign_flip_p=sign_flip_p(gain, rng=rng),
            )
        )
    return Composed(statistic=statistic, contrasts=tuple(contrasts), centred=centred)


def _t_p(gain: np.ndarray) -> float:
    """One-sided p of a mean above 0; NaN where all are equal up to rounding."""
    from scipy.special import stdtr

    spread = gain.std(ddof=1)
    if spread <= 1e-12 * np.abs(gain).max():
        return float("nan")
    return float(stdtr(len(gain) - 1, -gain.mean() * np.sqrt(len(gain)) / spread))


def _matched(**sides: Any) -> tuple[np.ndarray, ...]:
    arrays = {
        name: _validate.as_matrix(value, name).astype(np.float64) for name, value in sides.items()
    }
    shapes = {array.shape for array in arrays.values()}
    if len(shapes) > 1:
        told = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"All sides must have one row per pair and the same units, got {told}.")
    ((n, _),) = shapes
    if n < 2:
        raise InputError(f"At least 2 pairs are needed, got {n}.")
    return tuple(arrays.values())


def _centred(sides: tuple[np.ndarray, ...], mean: Any) -> tuple[Any, ...]:
    if mean is None:
        return (*sides, False)
    offset = _validate.as_floats(mean, "mean")
    if offset.shape != (sides[0].shape[1],):
        raise InputError(f"mean must have shape ({sides[0].shape[1]},), got {offset.shape}.")
    return (*(side - offset for side in sides), True)


def _cosines(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cosine of each row of x with that of y; 0 where one is zero."""
    norm = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return np.sum(x * y, axis=1) / np.where(norm > 0, norm, np.inf)


def _derangement(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return an order that leaves no row at its place: a random cycle."""
    order = rng.permutation(n)
    moved = np.empty(n, int)
    moved[order] = np.roll(order, 1)
    return moved
