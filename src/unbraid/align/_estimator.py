"""What every metric gives: an estimate of its score on one arrangement of the rows."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.align._ceiling import Ceiling
from unbraid.align._held_out import HeldOutProducts
from unbraid.align._score import NAN
from unbraid.responses import Responses


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """What a metric finds on one arrangement of the rows."""

    value: float
    per_fold: np.ndarray = field(default_factory=lambda: np.empty(0))
    per_target: np.ndarray = field(default_factory=lambda: np.empty(0))
    weights: np.ndarray | None = None
    """(q,) share of folds in which each target could be scored; None: all of them."""
    influence: np.ndarray | None = None
    """(n,) what the value loses when a stimulus is deleted, what was fitted held fixed: exactly or
    to first order (then it sums to 0); (n_blocks,) where blocks are deleted, exactly."""
    chance: float = NAN
    """Mean of the value over every order of the held-out stimuli, what was fitted held fixed; NaN
    where nothing is held out."""
    in_sample: float = NAN
    matching: np.ndarray | None = None
    gap: float = NAN
    leading: int | None = None
    ceiling: float = NAN
    warnings: tuple[str, ...] = ()
    """Problems: raised as RuntimeWarning and recorded."""
    notes: tuple[str, ...] = ()
    """Worth knowing: recorded only."""


@dataclass(frozen=True, eq=False)
class Blocks:
    """Which dependent stimuli are deleted together."""

    number: np.ndarray
    """(n,) block of each stimulus, from 0."""
    count: int

    @classmethod
    def of(cls, folds: stats.Folds) -> Blocks | None:
        """Return the blocks of these folds, None where every stimulus stands for itself."""
        if folds.blocks is None:
            return None
        number = np.unique(folds.blocks, return_inverse=True)[1]
        return cls(number, int(number.max()) + 1)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sums of rows (n, ...) over each block, (count, ...)."""
        total = np.zeros((self.count, *values.shape[1:]))
        np.add.at(total, self.number, values)
        return total


class Estimator(ABC):
    """A metric's estimate on one problem; ``x`` stays, the rows of ``y`` are permuted."""

    least = -1.0
    """Least possible value; ``-inf`` for a share of variance."""
    scaled: tuple[str, ...] = ("x", "y")
    """Sides of which the scales of single units count."""
    by_target = False
    """Whether every target is scored by itself, so that few of them tell the null."""
    held_out_products = False
    """Whether it adds to ``products``."""
    products: HeldOutProducts | None = None
    """Where it adds what each fold's fit says and what was measured, of each group of stimuli.

    Both in units that do not depend on how the held-out rows are paired.
    """

    def __init__(self, x: Any, y: Any, folds: stats.Folds, **options: Any) -> None:
        self.x, self.y, self.folds, self.options = x, y, folds, options

    def of(self, y: Any, products: HeldOutProducts) -> Estimator:
        """Return the estimator of other targets; what is known of ``x`` is shared."""
        other = copy.copy(self)
        other.y, other.products = y, products
        return other

    @property
    def device(self) -> Any:
        """Where large products are made; None: by NumPy."""
        return self.options.get("device")

    @abstractmethod
    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        """Fit and score with ``y[order]``; with ``order`` only the value is used."""

    def ceiling(self, x: Responses, y: Responses, estimate: Measured) -> Ceiling | None:  # noqa: ARG002
        """Return the best score that noise allows each target; None without repeats."""
        return None
