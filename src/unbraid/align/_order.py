"""Stimuli that stand in time: which folds a metric takes, and whether its null holds."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.errors import InputError
from unbraid.responses import Responses

EXCHANGEABLE, TIME, DRIFT, IGNORED = "exchangeable", "time", "drift", "ignored"
"""What was done: nothing; contiguous folds and rotations; the same, but both sides drift; folds
that were asked for split neighbours. The last two leave no p-value."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Arrangement:
    """Folds of the stimuli, and what their order asks for."""

    folds: stats.Folds
    """-1 for stimuli in a gap."""
    order: str = EXCHANGEABLE
    reach: int = 0
    mixed: stats.Folds | None = None
    """The shuffled folds that would have been taken, had the order not been found."""

    held_out: bool = True

    @property
    def has_null(self) -> bool:
        """Whether permutations or rotations of the rows are a null."""
        return self.order in (EXCHANGEABLE, TIME)

    @property
    def gap(self) -> int:
        """Stimuli that no fold uses, at each boundary between two folds."""
        return (len(self.folds) - len(self.folds.used)) // max(self.folds.n_folds - 1, 1)

    def whole(self) -> Arrangement:
        """Return the same with the gaps closed: for metrics that hold nothing out."""
        labels = np.array(self.folds)
        used = self.folds.used
        near = np.searchsorted(used, np.arange(len(labels)), side="right") - 1
        folds = stats.as_folds(labels[used[np.maximum(near, 0)]], len(labels))
        folds.blocks = self.folds.blocks
        return replace(self, folds=folds, held_out=False)

    def notes(self, shuffled: float) -> tuple[str, ...]:
        """Return what a reader must know, given the value with shuffled folds."""
        if self.order == IGNORED:
            return (
                "stimuli depend on their order in time on both sides, and the folds asked for "
                f"split neighbours: the value may be theirs, and has no p-value. {REMEDY}",
            )
        found: tuple[str, ...] = ()
        if self.mixed is not None:
            done = f"folds are contiguous, with gaps of {self.gap}, and the null rotates"
            if not np.isnan(shuffled):
                done += f"; with shuffled folds the value is {shuffled:.3f}"
            if not self.held_out:
                done = "the null rotates, and the value says little but beside it"
            found = (
                "stimuli depend on their order in time on both sides (neighbours are alike over "
                f"{self.reach} of them): {done}. {SORTED}",
            )
        if self.order == DRIFT:
            found += (DRIFTS,)
        return found


SORTED = 'For rows that are only sorted by kind say order="exchangeable".'
REMEDY = (
    "Leave folds to be chosen, pass stats.contiguous_folds(n, 5, gap=...) or grouped_folds; for "
    'rows that are only sorted by kind say order="exchangeable".'
)
DRIFTS = (
    "both sides drift over the whole series, which no rotation undoes: no p-value. "
    "align.without_nuisance takes a drift out that you can describe."
)


def arrange(
    x: Responses,
    y: Responses,
    folds: Any,
    rng: np.random.Generator,
    order: str | None = None,
    protocol: str = "unbraid",
) -> Arrangement:
    """Return the folds that the stimuli ask for, or those that the caller asked for.

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
        ``longon2025`` fixes its folds.
    """
    stats.check_order(order)
    if protocol == "longon2025":
        folds = _published_folds(folds, len(x))
    n = len(x)
    labels = stats.as_folds(folds, n, rng, x.stimuli)
    if order == EXCHANGEABLE:
        return Arrangement(folds=labels)
    found = stats.order_of(x.values, y.values, order)
    if not found.in_time:
        return Arrangement(folds=labels)
    kind = DRIFT if found.drifts else TIME
    if isinstance(folds, int | np.integer):
        return Arrangement(
            folds=found.folds(n, labels.n_folds), order=kind, reach=found.reach,
            mixed=None if order == TIME else labels,
        )  # fmt: skip
    if labels.in_order:
        if labels.blocks is None:
            labels.blocks = found.folds(n, labels.n_folds).blocks
        return Arrangement(folds=labels, order=kind, reach=found.reach)
    blocks = labels.blocks
    if blocks is not None and not stats.order_of_groups(x.values, y.values, blocks):
        return Arrangement(folds=labels)
    return Arrangement(folds=labels, order=IGNORED, reach=found.reach)


def arrange_all(
    pairs: list[tuple[Responses, Responses]],
    folds: Any,
    rng: np.random.Generator,
    order: str | None = None,
) -> Arrangement:
    """Return the folds that serve all pairs: those of the first that stands in time, if any."""
    plans = (arrange(a, b, folds, deepcopy(rng), order) for a, b in pairs)
    plan = next(plans)
    return next((each for each in (plan, *plans) if each.order != EXCHANGEABLE), plan)


def _published_folds(folds: Any, n: int) -> stats.Folds:
    if not (isinstance(folds, int) and folds == 5):
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
