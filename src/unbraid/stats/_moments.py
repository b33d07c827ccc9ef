"""Fold moments: counts, means and cross-products of each fold, additive over blocks of stimuli.

One pass over the stimuli, from memory, a memory map, CSR codes or many workers, is all that the
linear metrics need: training statistics are the total minus a fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from unbraid._documented import documented_answer
from unbraid._kernels.device import product
from unbraid.errors import InputError
from unbraid.stats._time import SEVERITY


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FoldMoments:
    """Sums over the stimuli of each fold, of ``x`` and ``y`` minus provisional means.

    ``fold_moments`` makes them in one pass. By hand: ``FoldMoments.empty(p, q, n_folds)``, ``add``
    blocks, ``merge`` those of several workers that share ``shift_x`` and ``shift_y``. All sums are
    float64; ``F`` is the number of folds.
    """

    count: np.ndarray
    """(F,) stimuli."""
    sum_x: np.ndarray
    """(F, p)."""
    sum_y: np.ndarray
    """(F, q)."""
    square_x: np.ndarray
    """(F, p) sums of squares."""
    square_y: np.ndarray
    """(F, q) sums of squares."""
    low_x: np.ndarray
    """(F, p) least value of each unit, infinity in an empty fold."""
    low_y: np.ndarray
    """(F, q) the same of y."""
    high_x: np.ndarray
    """(F, p) largest value of each unit, minus infinity in an empty fold."""
    high_y: np.ndarray
    """(F, q) the same of y."""
    xx: np.ndarray
    """(F, p, p) sums of outer products; (F, 0, 0) where they were not requested."""
    yy: np.ndarray
    """(F, q, q) the same of y."""
    xy: np.ndarray
    """(F, p, q)."""
    shift_x: np.ndarray
    """(p,) provisional means, already subtracted from all of the above."""
    shift_y: np.ndarray
    """(q,) the same of y."""
    order: str = "exchangeable"
    """How ``fold_moments`` took the order of the stimuli, as in a score."""

    def __repr__(self) -> str:
        f, p, q = self.xy.shape
        return f"FoldMoments({int(self.count.sum())} stimuli in {f} folds, {p} x {q} units)"

    @property
    def within(self) -> bool:
        """Whether ``xx`` and ``yy`` are kept."""
        return bool(self.xx.size)

    @classmethod
    def empty(
        cls,
        p: int,
        q: int,
        n_folds: int,
        *,
        shift_x: Any = 0.0,
        shift_y: Any = 0.0,
        within: bool = True,
    ) -> Self:
        """Return moments of no stimulus.

        Parameters
        ----------
        p, q, n_folds : int
        shift_x, shift_y : arrays (p,) and (q,), optional
            Provisional means, e.g. those of the first block: what is subtracted before summing,
            so that large means cost no digits.
        within : bool
            Whether to keep ``xx`` and ``yy`` too: ridge, CKA and Procrustes need them, matchings
            do not.
        """
        own = (p, q) if within else (0, 0)
        return cls(
            count=np.zeros(n_folds),
            sum_x=np.zeros((n_folds, p)),
            sum_y=np.zeros((n_folds, q)),
            square_x=np.zeros((n_folds, p)),
            square_y=np.zeros((n_folds, q)),
            low_x=np.full((n_folds, p), np.inf),
            low_y=np.full((n_folds, q), np.inf),
            high_x=np.full((n_folds, p), -np.inf),
            high_y=np.full((n_folds, q), -np.inf),
            xx=np.zeros((n_folds, own[0], own[0])),
            yy=np.zeros((n_folds, own[1], own[1])),
            xy=np.zeros((n_folds, p, q)),
            shift_x=np.broadcast_to(np.asarray(shift_x, float), (p,)).copy(),
            shift_y=np.broadcast_to(np.asarray(shift_y, float), (q,)).copy(),
        )

    def add(self, x: Any, y: Any, folds: Any) -> Self:
        """Return the moments with a block of stimuli added: ``x (b, p)``, ``y (b, q)``, labels."""
        own = replace(self, **{name: getattr(self, name).copy() for name in _SUMS})
        own.accumulate(x, y, folds)
        return own

    def accumulate(self, x: Any, y: Any, folds: Any, device: Any = None) -> None:
        """Add a block of stimuli in place: as ``add``, without a copy of all sums.

        ``device``: as in ``fold_moments``.
        """
        folds = np.asarray(folds)
        n_folds, p, q = self.xy.shape
        if not x.shape[0] == y.shape[0] == len(folds):
            raise InputError(
                f"x, y, folds must have one row per stimulus, got {x.shape[0]}, {y.shape[0]} and "
                f"{len(folds)}."
            )
        if x.shape[1:] != (p,) or y.shape[1:] != (q,):
            raise InputError(
                f"x and y must have {p} and {q} columns, got {x.shape[1:]} and {y.shape[1:]}."
            )
        if len(folds) and not (folds.min() >= 0 and folds.max() < n_folds):
            raise InputError(
                f"folds must be labels in 0..{n_folds - 1}, got {folds.min()}..{folds.max()}."
            )
        for fold in np.unique(folds):
            rows = np.flatnonzero(folds == fold)
            a, b = _shifted(x[rows], self.shift_x), _shifted(y[rows], self.shift_y)
            self.count[fold] += len(rows)
            for side, part in (("x", a), ("y", b)):
                getattr(self, f"sum_{side}")[fold] += part.sum(axis=0)
                getattr(self, f"square_{side}")[fold] += np.einsum("tj,tj->j", part, part)
                for name, extreme in (("low", np.minimum), ("high", np.maximum)):
                    found = getattr(self, f"{name}_{side}")[fold]
                    extreme(found, extreme.reduce(part, axis=0), out=found)
            self.xy[fold] += product(a.T, b, device)
            if self.within:
                self.xx[fold] += product(a.T, a, device)
                self.yy[fold] += product(b.T, b, device)

    def merge(self, other: FoldMoments) -> Self:
        """Return the moments of both sets of stimuli; order and grouping change nothing."""
        same = all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("shift_x", "shift_y")
        )
        if self.xy.shape != other.xy.shape or self.xx.shape != other.xx.shape or not same:
            raise InputError("Moments can be merged only if they share sizes, folds and shifts.")
        kinds = (np.add, ADDITIVE), (np.minimum, LEAST), (np.maximum, LARGEST)
        return replace(
            self,
            order=max(self.order, other.order, key=SEVERITY.index),
            **{
                name: combine(getattr(self, name), getattr(other, name))
                for combine, names in kinds
                for name in names
            },
        )

    def train(self, *folds: int) -> Moments:
        """Return the centred moments of all stimuli but these folds' (none or -1: of all)."""
        out = [fold for fold in folds if fold >= 0]
        keep = np.setdiff1d(np.arange(len(self.count)), out)
        return self._centred(
            {name: getattr(self, name)[keep].sum(axis=0) for name in ADDITIVE}, None
        )

    def test(self, fold: int, about: Moments | None = None) -> Moments:
        """Return the moments of one fold's stimuli (-1: of all), centred on their own means.

        ``about``: on the means of these moments instead.
        """
        rows = slice(None) if fold < 0 else slice(fold, fold + 1)
        return self._centred(
            {name: getattr(self, name)[rows].sum(axis=0) for name in ADDITIVE}, about
        )

    def _centred(self, parts: dict[str, Any], about: Moments | None) -> Moments:
        n = parts["count"]
        means = parts["sum_x"] / n, parts["sum_y"] / n
        centre = means
        if about is not None:
            centre = about.mean_x - self.shift_x, about.mean_y - self.shift_y
        # sum (a - c)(b - d)' = sum a b' - n m m' + n (m - c)(m - d)', m the means
        (mx, my), (dx, dy) = means, [m - c for m, c in zip(means, centre, strict=True)]
        own = self.within
        return Moments(
            n=int(n),
            mean_x=centre[0] + self.shift_x,
            mean_y=centre[1] + self.shift_y,
            square_x=parts["square_x"] - n * (mx**2 - dx**2),
            square_y=parts["square_y"] - n * (my**2 - dy**2),
            xx=parts["xx"] - n * (np.outer(mx, mx) - np.outer(dx, dx)) if own else parts["xx"],
            yy=parts["yy"] - n * (np.outer(my, my) - np.outer(dy, dy)) if own else parts["yy"],
            xy=parts["xy"] - n * (np.outer(mx, my) - np.outer(dx, dy)),
        )


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Moments:
    """Centres, and sums of products of deviations from them, over one set of stimuli."""

    n: int
    """Stimuli."""
    mean_x: np.ndarray
    """(p,)."""
    mean_y: np.ndarray
    """(q,)."""
    square_x: np.ndarray
    """(p,) the diagonal of ``xx``, kept where ``xx`` is not."""
    square_y: np.ndarray
    """(q,) the diagonal of ``yy``."""
    xx: np.ndarray
    """(p, p) sums of products of deviations; (0, 0) where they were not requested."""
    yy: np.ndarray
    """(q, q) the same of y."""
    xy: np.ndarray
    """(p, q) the same of x with y."""

    @property
    def cka(self) -> float:
        """Linear CKA of these stimuli; NaN if a side is constant."""
        norm = np.linalg.norm(self.xx) * np.linalg.norm(self.yy)
        return float(np.linalg.norm(self.xy) ** 2 / norm) if norm else float("nan")

    @property
    def correlation(self) -> np.ndarray:
        """(p, q) correlations; NaN where a unit is constant."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.xy / np.sqrt(np.outer(self.square_x, self.square_y))


ADDITIVE = ("count", "sum_x", "sum_y", "square_x", "square_y", "xx", "yy", "xy")
LEAST = ("low_x", "low_y")
LARGEST = ("high_x", "high_y")
_SUMS = ADDITIVE + LEAST + LARGEST


def _shifted(values: Any, shift: np.ndarray) -> np.ndarray:
    dense = values.toarray() if sp.issparse(values) else np.asarray(values)
    return dense.astype(np.float64) - shift
