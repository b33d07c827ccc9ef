"""Stimuli that follow each other in time: which folds a metric takes, whether its null holds."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.errors import InputError
from unbraid.responses import Responses

SORTED = 'For rows that are only sorted by kind say order="exchangeable".'
REMEDY = (
    "Leave folds to be chosen, pass stats.contiguous_folds(n, 5, gap=...) or grouped_folds; for "
    'rows that are only sorted by kind say order="exchangeable".'
)
DRIFTS = (
    "both sides drift over the whole series, which no rotation undoes: no p-value. "
    "align.without_nuisance takes a drift out that you can describe."
)


def period_note(found: stats.Order) -> str:
    """Return why systems of one period have no p-value, and what takes the period out."""
    return (
        f"both sides hold a period of {found.period:.4g} stimuli, by which any two systems of it "
        "predict each other, and no rotation undoes that: no p-value. align.without_nuisance with "
        "its sines and cosines takes it out."
    )


def notes_of(
    plan: stats.FoldsInOrder, shuffled: float, protocol: str = "unbraid"
) -> tuple[str, ...]:
    """Return what a reader must know, given the value with shuffled folds."""
    if plan.order == stats.IGNORED:
        asked, remedy = "the requested folds split", REMEDY
        if protocol != "unbraid":
            asked = f"the shuffled folds that protocol {protocol!r} fixes split"
            remedy = f'Use protocol="unbraid", which chooses folds. {SORTED}'
        return (
            f"stimuli depend on their order in time on both sides, and {asked} "
            f"neighbours: the value may be due to neighbours alone, and has no p-value. {remedy}",
        )
    found: tuple[str, ...] = ()
    if not plan.found.tested:
        found = (stats.UNTESTED,)
    if plan.mixed is not None:
        done = f"folds are contiguous, with gaps of {plan.gap}, and the null rotates"
        if not np.isnan(shuffled):
            done += f"; with shuffled folds the value is {shuffled:.3f}"
        if not plan.held_out:
            done = "the null rotates, and the value must be compared with it"
        found = (
            "stimuli depend on their order in time on both sides (neighbours are alike over "
            f"{plan.reach} of them){plan.found.single_units()}: {done}. {SORTED}",
        )
    if plan.order == stats.DRIFT:
        found += (DRIFTS,)
    if plan.order in (stats.PERIOD, stats.DRIFT) and plan.found.period:
        found += (period_note(plan.found),)
    if plan.held_out and plan.in_time and plan.gap + 1 < plan.reach:
        most = plan.found.most_folds(len(plan.folds))
        fewer = f"pass folds={most}" if 3 <= most < plan.folds.n_folds else "record longer"
        found += (
            f"gaps between folds are {plan.gap} stimuli, where neighbours are alike over "
            f"{plan.reach}: what is held out is not apart from what is fitted, and the value may "
            f"be too high; {fewer}.",
        )
    return found


def notes_of_moments(order: str) -> tuple[str, ...]:
    """Return what a reader must know of a score from moments, which has no null."""
    done = {
        stats.TIME: f"folds are contiguous. {SORTED}",
        stats.DRIFT: "folds are contiguous, but both sides drift over the whole series, which "
        f"predicts across them. {SORTED}",
        stats.PERIOD: "folds are contiguous, but both sides hold one period, which predicts across "
        f"them. {SORTED}",
        stats.IGNORED: (
            "the requested folds split neighbours: the value may be due to neighbours alone. "
            f"{REMEDY}"
        ),
    }
    if order not in done:
        return ()
    return (f"stimuli depend on their order in time on both sides: {done[order]}",)


def arrange(
    x: Responses,
    y: Responses,
    folds: Any,
    rng: np.random.Generator,
    order: str | None = None,
    protocol: str = "unbraid",
) -> stats.FoldsInOrder:
    """Return the folds that the stimuli require, or those that the caller requested.

    Parameters
    ----------
    x, y : Responses
        Of the same stimuli.
    folds : int or labels
        A number leaves the kind to be chosen.
    rng : Generator
        For shuffled folds.
    order : {None, "auto", "exchangeable", "time"}
        What the caller says of the stimuli; None and "auto": both sides are tested.
    protocol : str
        Published ones fix their folds.
    """
    stats.check_order(order)
    if protocol != "unbraid":
        folds = _published_folds(protocol, folds, len(x))
    labels = stats.as_folds(folds, len(x), rng, x.stimuli)
    chosen = not isinstance(folds, int | np.integer)
    return stats.arrangement(x.values, y.values, labels, order, fixed=chosen)


def arrange_all(
    pairs: list[tuple[Responses, Responses]],
    folds: Any,
    rng: np.random.Generator,
    order: str | None = None,
) -> stats.FoldsInOrder:
    """Return the folds that serve all pairs: those of the first that depends on time, if any."""
    plans = (arrange(a, b, folds, deepcopy(rng), order) for a, b in pairs)
    plan = next(plans)
    return next((each for each in (plan, *plans) if each.order != stats.EXCHANGEABLE), plan)


def _published_folds(protocol: str, folds: Any, n: int) -> stats.Folds:
    if not (isinstance(folds, int) and folds == 5):
        raise InputError(
            f"protocol {protocol!r} fixes its folds (5, shuffled with seed 42): leave folds=5, or "
            "use protocol='unbraid'."
        )
    if n < 10:
        raise InputError(f"protocol {protocol!r} needs at least 10 stimuli, got {n}.")
    from sklearn.model_selection import KFold

    labels = np.empty(n, dtype=np.intp)
    splits = KFold(n_splits=5, shuffle=True, random_state=42).split(np.empty((n, 1)))
    for fold, (_, test) in enumerate(splits):
        labels[test] = fold
    return stats.as_folds(labels, n)
