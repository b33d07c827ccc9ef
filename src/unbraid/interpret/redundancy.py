"""Redundancy: how many units are enough to predict the others, beyond what low rank gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.interpret.clones import Clones, clones, gaussian_of_spectrum
from unbraid.responses import as_responses

_RIDGE = 1e-6  # penalty, in the mean variance of a chunk's units, so that equal units do no harm
_KNOWN = 0.9  # at this share of variance the others count as known


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Redundancy:
    """How well chunks of units predict the other units, beside a Gaussian of equal spectrum."""

    widths: np.ndarray
    """(k,) units in a chunk."""
    r2: np.ndarray
    """(k,) held-out share of the variance of units outside the chunk, mean over chunks."""
    r2_surrogate: np.ndarray
    """(k,) the same for a Gaussian of the same eigenvalues in a random basis."""
    residual: np.ndarray
    """(k,) mean ``|correlation|`` of what is left, less its floor for independent noise."""
    residual_surrogate: np.ndarray
    """(k,) the same for the Gaussian."""
    units_needed: float
    """Smallest width at which 90 % is known, interpolated; NaN where no chunk reaches it."""
    units_needed_surrogate: float
    """The same for the Gaussian."""
    participation: float
    """Participation ratio of the eigenvalues, (sum)^2 / sum of squares."""
    clones: Clones
    """Groups of units that carry the same."""

    def __repr__(self) -> str:
        return (
            f"Redundancy({self.units_needed:.3g} units needed of {len(self.clones.group)} "
            f"(Gaussian {self.units_needed_surrogate:.3g}), participation "
            f"{self.participation:.3g}, {self.clones.count} groups)"
        )

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        curves = {
            name: [float(v) if np.isfinite(v) else None for v in getattr(self, name)]
            for name in ("r2", "r2_surrogate", "residual", "residual_surrogate")
        }
        needed = {
            name: float(v) if np.isfinite(v) else None
            for name, v in (
                ("units_needed", self.units_needed),
                ("units_needed_surrogate", self.units_needed_surrogate),
            )
        }
        return {
            "widths": self.widths.tolist(),
            **curves,
            **needed,
            "participation": self.participation,
            "groups": self.clones.count,
            "group_sizes": self.clones.sizes.tolist(),
        }


def redundancy(
    x: Any, *, chunks: int = 20, rng: int | np.random.Generator | None = 0
) -> Redundancy:
    """How well random chunks of w units predict the units outside them, w = 1, 2, 4, ...

    Parameters
    ----------
    x : Responses or array of shape (n, p)
        One system's responses; its units are brought to mean 0 and their own variance is kept.
    chunks : int
        Random chunks of each width.
    rng : int or Generator
        Of the halves, the chunks and the surrogate.

    Returns
    -------
    Redundancy
        Curves over widths for the system and for its Gaussian surrogate, and groups of clones.

    Raises
    ------
    InputError
        Fewer than 20 stimuli or 3 units that vary.

    Notes
    -----
    The published measures are fitted and scored on the same stimuli and count a chunk's own units,
    so that they reach 1 trivially as w nears p. Here they are fitted on one half of the stimuli,
    scored on the other, and on units outside the chunk alone; the finite-sample floor
    ``sqrt(2 / (pi n))`` of the mean size of a correlation is taken off. Low rank alone makes units
    predictable: what exceeds the Gaussian surrogate at small widths is clones. Cost:
    ``chunks n (w + p) w`` a width.

    References
    ----------
    Doimo, Glielmo, Goldt, Laio (2022), Redundant representations help generalization in wide neural
    networks, arXiv 2106.03485.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> x = np.repeat(rng.normal(size=(400, 4)), 3, axis=1) + 0.1 * rng.normal(size=(400, 12))
    >>> found = redundancy(x)  # any unit is known from another copy of it
    >>> bool(found.r2[2] > found.r2[0]), bool(found.units_needed <= 8)
    (True, True)
    """
    _validate.check_count(chunks, "chunks", 1)
    rng = _validate.as_rng(rng)
    values = as_responses(x).toarray().astype(np.float64)
    values = values[:, values.std(axis=0) > 1e-12 * np.abs(values).max()]
    n, p = values.shape
    if n < 20 or p < 3:
        raise InputError(
            f"Redundancy needs 20 stimuli and 3 units that vary, got {n} and {p} of them."
        )
    order = rng.permutation(n)
    widths = np.array([w for w in 2 ** np.arange(20) if w <= min(p - 1, n // 4)])
    power = np.linalg.eigvalsh(np.cov(values.T))
    gaussian = gaussian_of_spectrum(np.maximum(power, 0), n, rng)
    curves = [_curve(side[order], widths, chunks, rng) for side in (values, gaussian)]
    return Redundancy(
        widths=widths,
        r2=curves[0][0],
        r2_surrogate=curves[1][0],
        residual=curves[0][1],
        residual_surrogate=curves[1][1],
        units_needed=_needed(widths, curves[0][0]),
        units_needed_surrogate=_needed(widths, curves[1][0]),
        participation=float(power.sum() ** 2 / np.square(power).sum()),
        clones=clones(values, rng=rng),
    )


def units_spread(directions: Any) -> np.ndarray:
    """Over how many units each direction (an atom, a true feature's row) is spread.

    ``(sum w^2)^2 / sum w^4`` of its weights: 1 for a direction that is one unit, p for one that
    weighs all p units alike; NaN for a direction of zeros.

    Parameters
    ----------
    directions : array of shape (m, p)
        One direction a row.

    Returns
    -------
    array of shape (m,)
        In [1, p].

    Examples
    --------
    >>> units_spread([[0, 2, 0, 0], [1, 1, 1, -1]]).tolist()
    [1.0, 4.0]
    """
    w = np.square(_validate.as_matrix(directions, "directions").astype(np.float64))
    largest = w.max(axis=1, keepdims=True)
    w = w / np.where(largest > 0, largest, 1)
    fourth = np.square(w).sum(axis=1)
    return np.where(fourth > 0, w.sum(axis=1) ** 2 / np.where(fourth > 0, fourth, 1), np.nan)


def _curve(
    values: np.ndarray, widths: np.ndarray, chunks: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    half = len(values) // 2
    train, test = values[:half], values[half:]
    mean = train.mean(axis=0)
    train, test = train - mean, test - mean
    p = train.shape[1]
    r2, residual = np.zeros((len(widths), chunks)), np.zeros((len(widths), chunks))
    for i, width in enumerate(widths):
        for j in range(chunks):
            chunk = rng.permutation(p)
            inside, outside = chunk[:width], chunk[width:]
            gram = train[:, inside].T @ train[:, inside]
            gram[np.diag_indices(width)] += _RIDGE * max(np.trace(gram) / width, 1e-300)
            weights = np.linalg.solve(gram, train[:, inside].T @ train[:, outside])
            left = test[:, outside] - test[:, inside] @ weights
            r2[i, j] = 1 - np.square(left).sum() / np.square(test[:, outside]).sum()
            residual[i, j] = _mean_correlation(left)
    return r2.mean(axis=1), residual.mean(axis=1)


def _mean_correlation(left: np.ndarray) -> float:
    """Return the mean ``|correlation|`` of columns, less what independent noise has; NaN of one."""
    n, q = left.shape
    sd = left.std(axis=0)
    left = left[:, sd > 1e-9 * max(float(sd.max()), 1e-300)]
    q = left.shape[1]
    if q < 2:
        return float("nan")
    r = np.corrcoef(left.T)
    mean = (np.abs(r).sum() - q) / (q * (q - 1))
    return float(mean - np.sqrt(2 / (np.pi * n)))


def _needed(widths: np.ndarray, r2: np.ndarray) -> float:
    """Return the width, on a logarithmic scale, at which the curve first reaches .9."""
    reached = np.flatnonzero(r2 >= _KNOWN)
    if not len(reached):
        return float("nan")
    i = reached[0]
    if i == 0:
        return float(widths[0])
    share = (_KNOWN - r2[i - 1]) / (r2[i] - r2[i - 1])
    return float(widths[i - 1] * (widths[i] / widths[i - 1]) ** share)
