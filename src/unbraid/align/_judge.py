"""What every metric shares: one problem, one estimate, then its null and its interval."""

from __future__ import annotations

import warnings as python_warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._validate import as_rng
from unbraid.align._dense import to_dense
from unbraid.align._score import NAN, Score
from unbraid.errors import InputError
from unbraid.responses import Responses, pair

PROTOCOLS = ("unbraid", "longon2025")


@dataclass(frozen=True, kw_only=True, eq=False)
class Estimate:
    """What a metric finds on one arrangement of the rows."""

    value: float
    per_fold: np.ndarray = field(default_factory=lambda: np.empty(0))
    per_target: np.ndarray = field(default_factory=lambda: np.empty(0))
    weights: np.ndarray | None = None
    """(q,) share of folds in which each target could be scored; None: all of them."""
    influence: np.ndarray | None = None
    """(n,) derivative of the value by each stimulus' weight; sums to 0."""
    in_sample: float = NAN
    matching: np.ndarray | None = None
    gap: float = NAN
    ceiling: float = NAN
    warnings: tuple[str, ...] = ()
    """Worse than asked: raised as RuntimeWarning and recorded."""
    notes: tuple[str, ...] = ()
    """Worth knowing: recorded only."""


class Estimator(ABC):
    """A metric's estimate on one problem; ``x`` stays, the rows of ``y`` are permuted."""

    def __init__(self, x: Any, y: Any, folds: stats.Folds, **options: Any) -> None:
        self.x, self.y, self.folds, self.options = x, y, folds, options

    @abstractmethod
    def estimate(self, order: np.ndarray | None, influence: bool) -> Estimate:
        """Fit and score with ``y[order]``; with ``order`` only the value is used."""

    def ceiling(self, x: Responses, y: Responses, estimate: Estimate) -> float:  # noqa: ARG002
        """Best value that noise allows; NaN without repeats or where it is not known."""
        return NAN


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The options all metrics share."""

    protocol: str = "unbraid"
    folds: Any = 5
    permutations: int = 20
    resamples: int = 200
    rng: Any = 0
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("permutations", "resamples"):
            count = getattr(self, name)
            if not isinstance(count, int | np.integer) or count < 0:
                raise InputError(f"{name} must be a whole number >= 0, got {count!r}.")


def judge(
    metric: str,
    estimators: Mapping[str, Callable[..., Estimator]],
    x: Any,
    y: Any,
    judging: Judging,
    *,
    sparse: bool = False,
    **options: Any,
) -> Score:
    """Score ``x`` against ``y`` with the estimator of the protocol, then judge the score."""
    if judging.protocol not in estimators:
        raise InputError(
            f"{metric} has no protocol {judging.protocol!r}; it has {', '.join(estimators)}."
        )
    x, y = pair(x, y)
    n = len(x)
    streams = as_rng(judging.rng).spawn(3)
    folds = _folds_of(judging, n, streams[0])
    estimator = estimators[judging.protocol](
        *(_values(side, name, sparse) for side, name in ((x, "x"), (y, "y"))),
        folds,
        **options,
    )
    found = estimator.estimate(None, influence=judging.resamples > 0)
    null = np.array(
        [
            estimator.estimate(order, influence=False).value
            for order in stats.permuted_rows(n, judging.permutations, streams[2], folds.blocks)
        ]
    )
    replicates = np.empty(0)
    if judging.resamples and found.influence is not None:
        weights = stats.bootstrap_weights(n, judging.resamples, streams[1], folds.blocks)
        replicates = found.value + (weights - 1.0) @ found.influence
    bounds = stats.interval(replicates, judging.level)
    coverage, over_all = _coverage(found, y.shape[1])
    for message in found.warnings:
        python_warnings.warn(f"{metric}: {message}", RuntimeWarning, stacklevel=3)
    return Score(
        metric=metric,
        value=found.value,
        protocol=judging.protocol,
        n=n,
        sign=options.get("sign", "signed"),
        per_fold=found.per_fold,
        per_target=found.per_target,
        in_sample=found.in_sample,
        null=float(null.mean()) if len(null) else NAN,
        p_value=stats.permutation_p(found.value, null),
        low=bounds.low,
        high=bounds.high,
        level=judging.level,
        coverage=coverage,
        value_over_all=over_all,
        n_source=x.shape[1],
        n_target=y.shape[1],
        ceiling=estimator.ceiling(x, y, found),
        matching=found.matching,
        gap=found.gap,
        replicates=replicates,
        warnings=found.warnings + found.notes,
    )


def _values(side: Responses, name: str, sparse: bool) -> Any:
    if sparse and side.is_sparse:
        return side.values.astype(np.float64)
    return to_dense(side, name)


def _folds_of(judging: Judging, n: int, rng: np.random.Generator) -> stats.Folds:
    if judging.protocol != "longon2025":
        return stats.as_folds(judging.folds, n, rng)
    if not (isinstance(judging.folds, int) and judging.folds == 5):
        raise InputError(
            "protocol 'longon2025' fixes its folds (5, shuffled with seed 42): leave folds=5, or "
            "use protocol='unbraid'."
        )
    if n < 10:
        raise InputError(f"protocol 'longon2025' needs at least 10 stimuli, got {n}.")
    from sklearn.model_selection import KFold

    labels = np.empty(n, dtype=np.intp)
    splits = KFold(n_splits=5, shuffle=True, random_state=42).split(np.empty((n, 1)))
    for fold, (_, test) in enumerate(splits):
        labels[test] = fold
    return stats.as_folds(labels, n)


def _coverage(found: Estimate, q: int) -> tuple[float, float]:
    """Return the share of targets scored, and the value when the others count as 0."""
    if not len(found.per_target):
        return (0.0, 0.0) if np.isnan(found.value) else (1.0, found.value)
    scored = ~np.isnan(found.per_target)
    weights = scored.astype(float) if found.weights is None else found.weights * scored
    return float(weights.mean()), float(np.sum(np.nan_to_num(found.per_target) * weights) / q)
