r"""The test statistic of a held-out score, and what permuting its terms draws.

It is the sum over targets and held-out stimuli of what the fit of the other folds says times what
was measured, centred within groups ``g`` of stimuli of one fold:

.. math:: T = \sum_j \sum_g \sum_{t \in g} (a_{tj} - \bar a_{gj}) (b_{tj} - \bar b_{gj})

If ``y`` does not depend on ``x``, every order of a group's rows is as likely as any other given the
fit, so that ``T`` has mean 0 exactly, and the permutations of the rows within the groups, the fits
held fixed, draw its terms. They do not draw its variance: the stimuli that are held out of one fit
train the others, and what two folds say of one pair of stimuli agrees (a variance of twice the
terms' for linear fits). This inflation ``c >= 1`` is the mean of ``T_j^2`` over that of the terms'
variance, both measured on refits with permuted rows of a few targets. The draws are widened by
``sqrt(c)``.

Fold by fold nothing is approximate: given its fit, the statistic of one fold and its draws are one
permutation test. How the folds' p-values depend on each other is not known, nor asked: ``e`` times
their geometric mean is a p-value however they do (Vovk & Wang 2020).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats

_ENTRIES = 2**25  # of all groups' products of stimuli: 256 MiB
_GROUP, _GROUP_LEAST = 1024, 64  # stimuli of a group: what is centred together, and permuted
_DRAWS, _DRAWS_LEAST = 999, 399  # p-values go down to .001, of many stimuli to .0025
_LOOKUPS = 2**24  # entries that all draws look up
_TIE = 1e-9  # of the largest draw
_LINEAR = 2.0  # inflation of linear fits


class HeldOutProducts:
    """Products of what was fitted and what was measured, of the stimuli of each group.

    Parameters
    ----------
    groups : list of (int, array)
        Fold and rows of each group of stimuli.
    """

    def __init__(self, groups: list[tuple[int, np.ndarray]]) -> None:
        self.groups = groups
        self.kernels = [np.zeros((len(rows), len(rows))) for _, rows in groups]

    def add(self, group: int, fitted: Any, target: Any, block: Any = slice(None)) -> None:  # noqa: ARG002
        """Add a group's rows of what was fitted and measured, (n_g, b) each, dense or CSR."""
        product = fitted @ target.T
        if sp.issparse(product):
            product = product.tocoo()
            self.kernels[group][product.row, product.col] += product.data
        else:
            self.kernels[group] += product

    def add_rows(self, fitted: np.ndarray, target: np.ndarray) -> None:
        """Add every group's rows of what was fitted and measured for all stimuli (n, b)."""
        for group, (_, rows) in enumerate(self.groups):
            self.add(group, fitted[rows], target[rows])

    def by_fold(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Return the statistic of each fold that has groups (f,), and permutations of it (f, B)."""
        folds, number = np.unique([fold for fold, _ in self.groups], return_inverse=True)
        n = sum(len(rows) for _, rows in self.groups)
        size = int(np.clip(_LOOKUPS // n, _DRAWS_LEAST, _DRAWS))
        found, drawn = np.zeros(len(folds)), np.zeros((len(folds), size))
        for fold, kernel in zip(number, self.kernels, strict=True):
            side = len(kernel)
            mean = kernel.sum() / side
            orders = rng.permuted(np.tile(np.arange(side), (size, 1)), axis=1)
            drawn[fold] += kernel[np.arange(side), orders].sum(axis=1) - mean
            found[fold] += np.trace(kernel) - mean
        return found, drawn

    def p_values(self, rng: np.random.Generator) -> tuple[float, float]:
        """Return two p-values: one valid whatever the folds' dependence, one that is about right.

        The first merges the folds' exact ones. The second is that of their sum, whose draws are
        widened as for linear fits; NaN where draws tie with it, for then few stimuli decide.
        """
        found, drawn = self.by_fold(rng)
        merged = merged_p([stats.permutation_p(*fold) for fold in zip(found, drawn, strict=True)])
        total, draws = float(found.sum()), drawn.sum(axis=0)
        if (abs(draws - total) <= _TIE * abs(draws).max()).any():
            return merged, math.nan
        return merged, stats.permutation_p(total, math.sqrt(_LINEAR) * draws)


class HeldOutSums(HeldOutProducts):
    """The test statistic of each target, and the variance of its terms.

    Parameters
    ----------
    groups : list of (int, array)
        Fold and rows of each group of stimuli.
    q : int
        Number of targets.
    kernels : bool
        Whether products of the rows are kept, from which permutations are drawn.
    """

    def __init__(self, groups: list[tuple[int, np.ndarray]], q: int, *, kernels: bool) -> None:
        super().__init__(groups if kernels else [])
        self.groups = groups
        self.sums, self.squares = np.zeros((2, q))

    def add(self, group: int, fitted: Any, target: Any, block: Any = slice(None)) -> None:
        n = fitted.shape[0]
        (a, b), (aa, bb) = _sums(fitted, target), _sums(fitted**2, target**2)
        self.sums[block] += _sums(fitted * target)[0] - a * b / n
        self.squares[block] += (aa - a**2 / n) * (bb - b**2 / n) / (n - 1)
        if self.kernels:
            super().add(group, fitted, target)

    @property
    def inflation(self) -> float:
        """Variance of the statistic over that of its terms, at least 1."""
        terms = float(self.squares.sum())
        return max(float(np.square(self.sums).sum()) / terms, 1.0) if terms > 0 else 1.0

    def draws(self, rng: np.random.Generator) -> np.ndarray:
        """Draw the summed statistic under permutations within the groups, the fits held fixed."""
        return self.by_fold(rng)[1].sum(axis=0)


def merged_p(p_values: Sequence[float]) -> float:
    """Return the folds' p-values as one, whatever their dependence."""
    return min(1.0, math.exp(np.mean(np.log(p_values)) + (len(p_values) > 1)))


def groups_of(folds: stats.Folds, rng: np.random.Generator) -> list[tuple[int, np.ndarray]]:
    """Return fold and rows of each group: even parts of the folds, drawn at random."""
    n, answer = len(folds), []
    most = int(np.clip(_ENTRIES // max(n, 1), _GROUP_LEAST, _GROUP))
    for fold in range(folds.n_folds):
        rows = rng.permutation(np.flatnonzero(folds == fold))
        parts = np.array_split(rows, -(-len(rows) // most))
        answer += [(fold, np.sort(part)) for part in parts if len(part) > 1]
    return answer


def _sums(*sides: Any) -> list[np.ndarray]:
    return [np.asarray(side.sum(axis=0)).ravel() for side in sides]
