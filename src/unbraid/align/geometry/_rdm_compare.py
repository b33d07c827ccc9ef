"""Agreement of two dissimilarity matrices, and what each stimulus contributes to it."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from unbraid.align.geometry._rdm import snapped


class Agreement(ABC):
    """Two matrices (m, m) of dissimilarities, compared over pairs of stimuli ``s < t``."""

    def __init__(self, a: np.ndarray, b: np.ndarray) -> None:
        self.a, self.b = self.prepare(a), self.prepare(b)

    @staticmethod
    @abstractmethod
    def prepare(distances: np.ndarray) -> np.ndarray:
        """Return the square matrix that is compared; all zero where it is not defined."""

    @property
    def defined(self) -> bool:
        """Whether both sides' dissimilarities differ."""
        return bool(self.a.any() and self.b.any())

    def value(self, rows: np.ndarray | None = None) -> float:
        """Return the agreement with the stimuli of ``b`` in another order."""
        m = len(self.a)
        if rows is None:
            return float(np.einsum("st,st->", self.a, self.b) / (m * (m - 1)))
        total = sum(self.a[t] @ self.b[row, rows] for t, row in enumerate(rows))
        return float(total / (m * (m - 1)))

    @abstractmethod
    def losses(self, value: float, number: np.ndarray) -> np.ndarray:
        """Return what deleting each block of stimuli costs; ``number`` (m,) is each one's block."""


class Cosine(Agreement):
    """Cosine of the dissimilarities as they are."""

    @staticmethod
    def prepare(distances: np.ndarray) -> np.ndarray:
        size = np.sqrt((_upper(distances) ** 2).mean())
        return _square(distances / size) if size > 0 else np.zeros_like(distances)

    def losses(self, value: float, number: np.ndarray) -> np.ndarray:
        sides = (self.a, self.b), (self.a, self.a), (self.b, self.b)
        ab, aa, bb = (_without(u, v, number) for u, v in sides)
        return value - _ratio(ab, aa, bb)


class Pearson(Agreement):
    """Pearson correlation of the dissimilarities."""

    @staticmethod
    def prepare(distances: np.ndarray) -> np.ndarray:
        upper = _upper(distances)
        scale = upper.std()
        if scale <= 1e-12 * np.abs(distances).max():
            return np.zeros_like(distances)
        return _square((distances - upper.mean()) / scale)

    def losses(self, value: float, number: np.ndarray) -> np.ndarray:
        ab, aa, bb, a, b, count = (
            _without(u, v, number)
            for u, v in ((self.a, self.b), (self.a, self.a), (self.b, self.b),
                         (self.a, None), (self.b, None), (None, None))
        )  # fmt: skip
        count = np.maximum(count, 1)
        return value - _ratio(ab - a * b / count, aa - a * a / count, bb - b * b / count)


class Spearman(Agreement):
    """Correlation of ranks; ties have their mean rank."""

    @staticmethod
    def prepare(distances: np.ndarray) -> np.ndarray:
        from unbraid._kernels.statistics.ranks import rank_scores  # compiles: not at import

        return rank_scores(snapped(distances))

    def losses(self, value: float, number: np.ndarray) -> np.ndarray:
        """To first order: what a pair contributes, and what it changes in the others' ranks."""
        first, second = _upper(self.a), _upper(self.b)
        pairs = first * second - value
        for own, other in ((first, second), (second, first)):
            order = np.argsort(own, kind="stable")
            above = np.empty(len(own))
            above[order] = np.cumsum(other[order][::-1])[::-1] - other[order] / 2
            # one rank step is sqrt(12) / N of standardised score
            pairs += np.sqrt(12) * above / len(own) - value
        return _of_blocks(pairs / len(pairs), number)


class Kendall(Agreement):
    """Kendall's tau-a: concordant minus discordant pairs of pairs, over all of them."""

    @staticmethod
    def prepare(distances: np.ndarray) -> np.ndarray:
        ordered = snapped(distances)
        return _square(ordered - _upper(ordered).min())

    def value(self, rows: np.ndarray | None = None) -> float:
        return float(self._concordance(rows).mean())

    def losses(self, value: float, number: np.ndarray) -> np.ndarray:
        """To first order: a pair of stimuli takes its concordance with all others along."""
        shares = self._concordance(None)
        return _of_blocks(2 * (shares - value) / len(shares), number)

    def _concordance(self, rows: np.ndarray | None) -> np.ndarray:
        """Mean sign of agreement of each pair of stimuli with every other pair."""
        from unbraid._kernels.statistics.concordance import concordance  # compiles: not at import

        b = self.b if rows is None else self.b[np.ix_(rows, rows)]
        upper = _upper(self.a)
        return concordance(upper, _upper(b)) / max(len(upper) - 1, 1)


COMPARISONS: dict[str, type[Agreement]] = {
    "pearson": Pearson,
    "spearman": Spearman,
    "kendall": Kendall,
    "cosine": Cosine,
}


def _upper(square: np.ndarray) -> np.ndarray:
    return square[np.triu_indices(len(square), 1)]


def _square(values: np.ndarray) -> np.ndarray:
    np.fill_diagonal(values, 0.0)
    return values


def _without(u: np.ndarray | None, v: np.ndarray | None, number: np.ndarray) -> np.ndarray:
    """Sum of ``u v`` over the pairs that are left when each block is deleted; None is 1."""
    size = np.bincount(number)
    if u is None:
        left = len(number) - size
        return left * (left - 1) / 2
    of_rows = u.sum(axis=1) if v is None else np.einsum("st,st->s", u, v)
    removed = np.bincount(number, of_rows)
    for block in np.flatnonzero(size > 1):  # pairs inside the block were counted twice
        own = np.ix_(*2 * (np.flatnonzero(number == block),))
        removed[block] -= (u[own].sum() if v is None else (u[own] * v[own]).sum()) / 2
    return of_rows.sum() / 2 - removed


def _of_blocks(pairs: np.ndarray, number: np.ndarray) -> np.ndarray:
    """Sum over the pairs of stimuli that each block takes part in."""
    first, second = (number[index] for index in np.triu_indices(len(number), 1))
    n_blocks = int(number.max()) + 1
    total = np.bincount(first, pairs, n_blocks) + np.bincount(second, pairs, n_blocks)
    inside = first == second
    return total - np.bincount(first[inside], pairs[inside], n_blocks)


def _ratio(ab: np.ndarray, aa: np.ndarray, bb: np.ndarray) -> np.ndarray:
    """Correlation from sums; 0 where too little is left to vary."""
    norm = np.sqrt(np.maximum(aa, 0) * np.maximum(bb, 0))
    return np.clip(ab / np.where(norm > 0, norm, np.inf), -1, 1)
