"""What every metric shares: one problem, one estimate, then its null and its interval."""

from __future__ import annotations

import warnings as python_warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._kernels.device import check_device
from unbraid._validate import as_rng, check_count, check_scale
from unbraid.align._dense import to_dense
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._held_out import HeldOutSums
from unbraid.align._null import (
    Null,
    few_targets_null,
    held_out_products,
    kept_null,
    null_in_doubt,
    refitted_null,
)
from unbraid.align._order import arrange, notes_of
from unbraid.align._refits import refitted_losses
from unbraid.align._scale import dominated, no_responses
from unbraid.align._score import NAN, Score
from unbraid.errors import InputError
from unbraid.responses import Responses, pair

_FEW = 5.0  # below this, Student's t is more than 30 % wider than the normal
_COPY = 1e-12  # a score this close to 1 is certain


@dataclass(frozen=True, kw_only=True)
class Judging:
    """The options all metrics share."""

    protocol: str = "unbraid"
    folds: Any = 5
    permutations: Any = 20
    resamples: Any = 200
    rng: Any = 0
    level: float = 0.95
    device: Any = None
    order: str | None = None

    def __post_init__(self) -> None:
        check_device(self.device)
        for name, kind in (("permutations", stats.Permutations), ("resamples", stats.Refits)):
            count = getattr(self, name)
            if not isinstance(count, kind):
                check_count(count, name)

    @property
    def refits(self) -> stats.Permutations:
        """How the null is computed."""
        given = self.permutations
        return given if isinstance(given, stats.Permutations) else stats.Permutations(given)


def judge(
    metric: str,
    estimators: Mapping[str, Callable[..., Estimator]],
    x: Any,
    y: Any,
    judging: Judging,
    *,
    sparse: bool = False,
    held_out: bool = True,
    **options: Any,
) -> Score:
    """Score ``x`` against ``y`` with the estimator of the protocol, then judge the score."""
    if judging.protocol not in list(estimators):
        raise InputError(
            f"{metric} has no protocol {judging.protocol!r}; it has {', '.join(estimators)}."
        )
    x, y = pair(x, y)
    if judging.device is not None:
        options["device"] = _device_of(judging, x, y)
    streams = as_rng(judging.rng).spawn(3)
    plan = arrange(x, y, judging.folds, streams[0], judging.order, judging.protocol)
    plan = plan if held_out else plan.whole()
    build = estimators[judging.protocol]
    sides = _values(x, "x", sparse), _values(y, "y", sparse)
    shuffled = NAN
    if plan.mixed is not None and held_out:
        shuffled = build(*sides, plan.mixed, **options).estimate(None, influence=False).value
    rows = plan.folds.used
    n, folds = len(rows), plan.folds.of(rows)
    if n < len(x):
        x, y, sides = x.take(rows), y.take(rows), (sides[0][rows], sides[1][rows])
    estimator = build(*sides, folds, **options)
    again = judging.resamples if isinstance(judging.resamples, stats.Refits) else None
    influence = again is None and judging.resamples > 0
    found, null = _found(estimator, folds, judging, influence, plan.has_null, streams[2])
    shuffled = found.value if plan.mixed is not None and not held_out else shuffled
    losses = _losses(found, folds)
    if again is not None:
        losses = refitted_losses(build, sides, folds, again.labels(folds, streams[1]), options)
    draws = again.draws if again else judging.resamples
    interval, of_interval = interval_of(
        losses, found.value, judging.level, draws, streams[1], estimator.least
    )
    notes = notes_of(plan, shuffled, judging.protocol) + found.notes + of_interval + null.notes
    named = zip("xy", ("source", "target"), sides, strict=True)
    notes += no_responses(x, y) + dominated(
        [(name, v) for side, name, v in named if side in estimator.scaled]
    )
    best = estimator.ceiling(x, y, found)
    notes += best.notes if best else ()
    return scored_as(
        metric,
        found,
        (n, x.shape[1], y.shape[1]),
        notes,
        protocol=judging.protocol,
        sign=options.get("sign", "signed"),
        null=null.mean,
        p_value=null.p_value,
        order=plan.order,
        fold_gap=plan.gap,
        shuffled=shuffled,
        **(best.of(~np.isnan(found.per_target)) if best else {}),
        **interval,
    )


def _found(
    estimator: Estimator, folds: stats.Folds, judging: Judging, influence: bool, has_null: bool,
    rng: np.random.Generator,
) -> tuple[Measured, Null]:  # fmt: skip
    """Return the estimate and its null: by no more refits than the p-value needs."""
    asked = judging.refits if has_null else stats.Permutations(0)
    if asked.fits == "kept":
        found = estimator.estimate(None, influence=influence)
        return found, kept_null(estimator, found, asked, folds, rng)
    products = held_out_products(estimator, folds, asked, rng)
    estimator.products = products
    found = estimator.estimate(None, influence=influence)
    estimator.products = None
    if products is None:
        return found, refitted_null(estimator, found.value, asked, folds, rng)
    if np.isnan(found.value):
        return found, Null()
    if isinstance(products, HeldOutSums):
        return found, few_targets_null(estimator, products, asked, rng)
    return found, null_in_doubt(estimator, found, products, asked, folds, rng)


def scored_as(
    metric: str,
    found: Measured,
    shape: tuple[int, int, int],
    notes: tuple[str, ...],
    **judged: Any,
) -> Score:
    """Return the score that an estimate on (n, p, q) makes, and warn of what it warns of.

    Called by what a metric's function calls, so that warnings name the line of its caller.
    """
    n, p, q = shape
    coverage, over_all = coverage_of(found, q)
    for message in found.warnings:
        python_warnings.warn(f"{metric}: {message}", RuntimeWarning, stacklevel=4)
    return Score(
        metric=metric,
        value=found.value,
        n=n,
        per_fold=found.per_fold,
        per_target=found.per_target,
        in_sample=found.in_sample,
        coverage=coverage,
        value_over_all=over_all,
        n_source=p,
        n_target=q,
        matching=found.matching,
        gap=found.gap,
        leading=found.leading,
        warnings=found.warnings + notes,
        **judged,
    )


def _losses(found: Measured, folds: stats.Folds) -> np.ndarray:
    """Return what deleting each stimulus, or each block where they are dependent, costs."""
    if found.influence is None:
        return np.empty(0)
    blocks = Blocks.of(folds)
    if blocks is None or len(found.influence) == blocks.count:
        return found.influence
    # deleting a block moves a mean by its share times G / (G - 1)
    return np.bincount(blocks.number, found.influence) * blocks.count / max(blocks.count - 1, 1)


def interval_of(
    losses: np.ndarray, value: float, level: float, draws: int, rng: Any, least: float
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the fields of a score that losses by deletion give, and what to say of them."""
    spread, still = _spread(losses, value)
    bounds = stats.student_interval(value, spread, level, least=least)
    replicates = np.empty(0)
    if len(losses):
        known = NAN if still else value
        replicates = stats.student_replicates(known, losses, draws, rng, least=least)
    fields = {"low": bounds.low, "high": bounds.high, "level": level, "influence": losses,
              "replicates": replicates}  # fmt: skip
    return fields, still + _few(spread)


def _spread(losses: np.ndarray, value: float) -> tuple[stats.Spread, tuple[str, ...]]:
    """Return the spread of the score, unknown where no deletion moves it and it is no copy's."""
    spread = stats.jackknife_spread(losses)
    if spread.error > 0 or np.isnan(spread.error) or 1 - abs(value) < _COPY:
        return spread, ()
    return stats.Spread(NAN, NAN), ("no interval: no stimulus or block alone moves the score.",)


def _few(spread: stats.Spread) -> tuple[str, ...]:
    if not spread.df < _FEW:
        return ()
    return (
        f"the interval rests on about {spread.df:.0f} degrees of freedom: few stimuli or blocks, "
        "or a few of them (heavy tails) decide the score.",
    )


def _device_of(judging: Judging, x: Responses, y: Responses) -> Any:
    if judging.protocol != "unbraid":
        raise InputError(f"protocol {judging.protocol!r} has no device: leave device out.")
    for side, name in ((x, "x"), (y, "y")):
        if side.is_sparse:
            raise InputError(
                f"device={judging.device!r} is for dense responses, got codes (CSR) as {name}: "
                f"leave it out, or pass {name}.toarray()."
            )
    return judging.device


def _values(side: Responses, name: str, sparse: bool) -> Any:
    if sparse and side.is_sparse:
        check_scale(side.values, name)
        return side.values.astype(np.float64)
    return to_dense(side, name)


def coverage_of(found: Measured, q: int) -> tuple[float, float]:
    """Return the share of targets scored, and the value when the others count as 0."""
    if not len(found.per_target):
        return (0.0, 0.0) if np.isnan(found.value) else (1.0, found.value)
    scored = ~np.isnan(found.per_target)
    weights = scored.astype(float) if found.weights is None else found.weights * scored
    return float(weights.mean()), float(np.sum(np.nan_to_num(found.per_target) * weights) / q)
