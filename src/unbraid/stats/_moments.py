"""Fold moments: counts, means and cross-products of each fold, additive over blocks of stimuli.

One pass over the stimuli, from memory, a memory map, CSR codes or many workers, is all that the
linear metrics need: training statistics are the total minus a fold.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FoldMoments:
    """Sums over the stimuli of each fold, of ``x`` and ``y`` minus provisional means.

    Build with ``FoldMoments.empty(p, q, n_folds)`` and ``add`` blocks; ``merge`` those of several
    workers that share the provisional means ``shift_x``, ``shift_y``. All sums are float64.
    """

    count: np.ndarray
    """(F,) stimuli."""
    sum_x: np.ndarray
    sum_y: np.ndarray
    xx: np.ndarray
    """(F, p, p) sums of outer products; (F, 0, 0) where they were not asked for."""
    yy: np.ndarray
    xy: np.ndarray
    """(F, p, q)."""
    shift_x: np.ndarray
    shift_y: np.ndarray

    def __repr__(self) -> str:
        f, p, q = self.xy.shape
        return f"FoldMoments({int(self.count.sum())} stimuli in {f} folds, {p} x {q} units)"

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
            Whether to keep ``xx`` and ``yy`` too.
        """
        own = (p, q) if within else (0, 0)
        return cls(
            count=np.zeros(n_folds),
            sum_x=np.zeros((n_folds, p)),
            sum_y=np.zeros((n_folds, q)),
            xx=np.zeros((n_folds, own[0], own[0])),
            yy=np.zeros((n_folds, own[1], own[1])),
            xy=np.zeros((n_folds, p, q)),
            shift_x=np.broadcast_to(np.asarray(shift_x, float), (p,)).copy(),
            shift_y=np.broadcast_to(np.asarray(shift_y, float), (q,)).copy(),
        )

    def add(self, x: Any, y: Any, folds: Any) -> Self:
        """Return the moments with a block of stimuli added: ``x (b, p)``, ``y (b, q)``, labels."""
        folds = np.asarray(folds)
        if len(folds) != x.shape[0] or len(folds) != y.shape[0]:
            raise InputError(
                f"x, y and folds must have one row a stimulus, got {x.shape[0]}, {y.shape[0]} and "
                f"{len(folds)}."
            )
        block = replace(self, **{name: np.zeros_like(getattr(self, name)) for name in _ADDITIVE})
        for fold in np.unique(folds):
            rows = np.flatnonzero(folds == fold)
            a, b = _shifted(x[rows], self.shift_x), _shifted(y[rows], self.shift_y)
            block.count[fold] = len(rows)
            block.sum_x[fold], block.sum_y[fold] = a.sum(axis=0), b.sum(axis=0)
            block.xy[fold] = a.T @ b
            if self.xx.size:
                block.xx[fold], block.yy[fold] = a.T @ a, b.T @ b
        return self.merge(block)

    def merge(self, other: FoldMoments) -> Self:
        """Return the moments of both sets of stimuli; order and grouping change nothing."""
        same = all(
            np.array_equal(getattr(self, name), getattr(other, name))
            for name in ("shift_x", "shift_y")
        )
        if self.xy.shape != other.xy.shape or not same:
            raise InputError("Moments can be merged only if they share sizes, folds and shifts.")
        return replace(
            self, **{name: getattr(self, name) + getattr(other, name) for name in _ADDITIVE}
        )

    def train(self, fold: int) -> Moments:
        """Return the centred moments of all stimuli but one fold's (-1: of all stimuli)."""
        parts = {name: getattr(self, name).sum(axis=0) for name in _ADDITIVE}
        if fold >= 0:
            parts = {name: part - getattr(self, name)[fold] for name, part in parts.items()}
        return self._centred(parts)

    def test(self, fold: int) -> Moments:
        """Return the moments of one fold's stimuli, centred on their own means."""
        return self._centred({name: getattr(self, name)[fold] for name in _ADDITIVE})

    def _centred(self, parts: dict[str, Any]) -> Moments:
        n = parts["count"]
        mean_x, mean_y = parts["sum_x"] / n, parts["sum_y"] / n
        own = bool(self.xx.size)
        return Moments(
            n=int(n),
            mean_x=mean_x + self.shift_x,
            mean_y=mean_y + self.shift_y,
            xx=parts["xx"] - n * np.outer(mean_x, mean_x) if own else parts["xx"],
            yy=parts["yy"] - n * np.outer(mean_y, mean_y) if own else parts["yy"],
            xy=parts["xy"] - n * np.outer(mean_x, mean_y),
        )


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Moments:
    """Means, and sums of products of deviations from them, over one set of stimuli."""

    n: int
    mean_x: np.ndarray
    mean_y: np.ndarray
    xx: np.ndarray
    yy: np.ndarray
    xy: np.ndarray

    @property
    def cka(self) -> float:
        """Linear CKA of these stimuli; NaN if a side is constant."""
        norm = np.linalg.norm(self.xx) * np.linalg.norm(self.yy)
        return float(np.linalg.norm(self.xy) ** 2 / norm) if norm else float("nan")

    @property
    def correlation(self) -> np.ndarray:
        """(p, q) correlations; NaN where a unit is constant."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return self.xy / np.sqrt(np.outer(self.xx.diagonal(), self.yy.diagonal()))


_ADDITIVE = ("count", "sum_x", "sum_y", "xx", "yy", "xy")


def _shifted(values: Any, shift: np.ndarray) -> np.ndarray:
    dense = values.toarray() if sp.issparse(values) else np.asarray(values)
    return dense.astype(np.float64) - shift
