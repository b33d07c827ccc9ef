"""Any metric after nuisance regressors are partialled out of both sides."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import stats
from unbraid._validate import as_rng, check_callable, check_scale
from unbraid.align._dense import to_dense
from unbraid.align._order import arrange
from unbraid.align._score import Score
from unbraid.errors import InputError
from unbraid.responses import Responses, follow, pair

_FAR = 0.08  # a prediction's variance is noticeable from this share of the noise's
_EXTRAPOLATED = (
    "nuisance regressors that follow time are carried to held-out stimuli by the same weights on "
    "both sides, so that slow residuals agree: the value is too high, and there is no p-value. Use "
    "fewer regressors of time, straighter ones, or record longer."
)


def without_nuisance(
    metric: Callable[..., Score],
    x: Any,
    y: Any,
    nuisance: Any,
    *,
    folds: Any = 5,
    rng: int | np.random.Generator | None = 0,
    order: str | None = None,
    **options: Any,
) -> Score:
    """Score of what ``nuisance`` regressors (luminance, word length, drift) do not explain.

    Both sides are replaced by their residuals ``x_t - n_t B_f``: the least-squares weights ``B_f``
    (with intercept) of stimulus ``t`` in fold ``f`` are fitted on the stimuli of the other folds.
    The metric then runs on the residuals with the same folds.

    Parameters
    ----------
    metric : callable
        A metric of this room.
    x, y : array (n, p) and (n, q), CSR matrix or Responses
        Repeats are kept, minus the same predictions.
    nuisance : array (n, k)
        One row per stimulus, in the order of ``x``; fewer columns than training stimuli.
    folds : int or labels
        Serves the regression and the metric.
    rng : int, Generator or None
        Seed of the folds, the null and the interval.
    order : {None, "auto", "exchangeable", "time"}
        As in ``semi_matching``; folds are chosen by the responses, the null by their residuals.
    **options
        For the metric.

    Returns
    -------
    Score
        With ``nuisance`` the number of regressors.

    Notes
    -----
    Works for every metric, since it changes only what goes in: for those that fit nothing too.
    Nothing held out is used to clean itself. Nonlinear effects of the nuisance stay: add columns.
    In time, regressors that follow time themselves must be extrapolated: unless that adds little
    and the residuals no longer depend on order, there is no p-value.
    Residuals are not ratios of activity: ``jaccard`` and non-negative codes lose their meaning.

    References
    ----------
    Frisch & Waugh (1933); Chernozhukov et al. (2018), cross-fitting.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.align import cka_debiased
    >>> rng = np.random.default_rng(0)
    >>> drift = rng.normal(size=(200, 1))
    >>> x, y = drift + rng.normal(size=(2, 200, 5))
    >>> score = without_nuisance(cka_debiased, x, y, drift)
    >>> bool(cka_debiased(x, y).value > 0.5), bool(abs(score.value) < 0.05), score.nuisance
    (True, True, 1)
    """
    check_callable(metric, "metric")
    streams = as_rng(rng).spawn(2)
    x, y = pair(x, y)
    regressors = follow(x, nuisance, "nuisance").toarray().astype(np.float64)
    check_scale(regressors, "nuisance")
    plan = arrange(x, y, folds, streams[0], order)
    rows, labels = plan.folds.used, plan.folds.of(plan.folds.used)
    x, y, regressors = x.take(rows), y.take(rows), regressors[rows]
    fits = _fits(regressors, labels)
    left = [_cleaned(side, name, fits) for side, name in ((x, "x"), (y, "y"))]
    score = metric(*left, folds=labels, rng=streams[1], order=order, **options)
    score = replace(score, nuisance=regressors.shape[1])
    if plan.order == stats.EXCHANGEABLE or not stats.serial_dependence(regressors).found:
        return score
    if score.order == stats.EXCHANGEABLE and _reach(fits) < _FAR:
        return score
    nothing = float("nan")
    return replace(score, p_value=nothing, null=nothing, order=stats.DRIFT,
                   warnings=(_EXTRAPOLATED, *score.warnings))  # fmt: skip


def _reach(fits: list[Any]) -> float:
    """Return the largest variance that a prediction of noise adds to a held-out stimulus."""
    return max(float((carry**2).sum(axis=1).max()) for _, _, carry in fits)


def _fits(nuisance: np.ndarray, folds: stats.Folds) -> list[tuple[np.ndarray, np.ndarray, Any]]:
    """Return each fold's held-out rows, training rows, and the map from these to those."""
    found = []
    for fold in range(folds.n_folds):
        test, train = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        level, spread = nuisance[train].mean(axis=0), nuisance[train].std(axis=0)
        varies = spread > 0
        if varies.sum() + 1 >= len(train):
            raise InputError(
                f"nuisance has {int(varies.sum())} regressors for {len(train)} training stimuli: "
                "they would explain everything. Use fewer, e.g. their principal components."
            )
        scaled = (nuisance[:, varies] - level[varies]) / spread[varies]
        design = np.hstack([np.ones((len(nuisance), 1)), scaled])
        found.append((test, train, design[test] @ np.linalg.pinv(design[train])))
    return found


def _cleaned(side: Responses, name: str, fits: list[Any]) -> Responses:
    values = to_dense(side, name)
    predicted = np.empty_like(values)
    for test, train, carry in fits:
        predicted[test] = carry @ values[train]
    repeats = None if side.repeats is None else side.repeats - predicted
    return replace(side, values=_no_rounding(values - predicted, values), repeats=repeats)


def _no_rounding(residual: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Set units to 0 of which nothing but rounding is left."""
    left = np.abs(residual).max(axis=0) > 1e-10 * np.abs(values).max(axis=0)
    return np.where(left, residual, 0.0)
