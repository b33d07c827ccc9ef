"""Stimuli that follow each other in time: how a comparison treats them, what it cannot claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unbraid import stats
from unbraid.align import Score
from unbraid.comparison._config import CompareConfig
from unbraid.responses import Responses

_LEVEL = 0.05  # of the rotation null that a gain in time must pass


@dataclass(frozen=True, kw_only=True)
class TimeLine:
    """Whether the order of the stimuli matters, and what was done about it."""

    kind: str = "exchangeable"
    """As ``order`` of a score."""
    found: stats.Order = stats.Order(in_time=False)
    asked: bool = False
    """Whether the caller declared it."""
    own: bool = False
    """Whether training responses were given separately, so that nothing was split."""
    gap: int = 0
    """Stimuli left out between two folds."""
    remedy: str = ""
    """Advice that keeps neighbours together, where the requested folds or groups split them."""

    @property
    def contiguous(self) -> bool:
        """Whether stimuli are split as they follow each other, with gaps."""
        return self.kind in ("time", "period", "drift")

    @property
    def has_null(self) -> bool:
        """Whether a p-value can be given."""
        return self.kind in ("exchangeable", "time")

    def drifting(self, x: Responses, y: Responses) -> TimeLine:
        """Return the same, drifting or of one period if these alignment stimuli are."""
        if self.kind != "time":
            return self
        here = stats.order_of(x.values, y.values, "time")
        return replace(self, kind=here.kind, found=replace(self.found, period=here.period))

    def sentence(self) -> str:
        """Return what a reader must know first; empty where any order is as good."""
        remedy = 'If rows are only sorted by kind, say order="exchangeable" (--order exchangeable).'
        if self.kind == "exchangeable":
            return "" if self.found.tested else stats.UNTESTED
        if self.kind == "ignored":
            return (
                "Stimuli depend on their order in time on both sides, and the requested folds "
                "or groups split neighbours: scores may be due to neighbours alone, have no "
                f"p-value, and no gain is claimed. {self.remedy} {remedy}"
            )
        why = "Stimuli were said to follow each other in time"
        if not self.asked:
            why = (
                "Stimuli depend on their order in time on both sides (neighbours are alike over "
                f"{self.found.reach} of them{self.found.single_units()})"
            )
        parts = "folds" if self.own else "training stimuli, alignment stimuli and folds"
        found = f"{why}: {parts} are contiguous, with gaps"
        if self.kind == "drift":
            found += (
                "; both sides drift over the whole series, so that no p-value is given and no "
                "gain is claimed"
            )
        elif self.kind == "period":
            found += (
                f"; both sides hold a period of {self.found.period:.4g} stimuli, by which any two "
                "systems of it predict each other, so that no p-value is given and no gain is "
                "claimed"
            )
        else:
            found += ", nulls rotate, and a gain must exceed them"
        if self.gap + 1 < self.found.reach:
            found += (
                f". Gaps are {self.gap} stimuli, shorter than neighbours are alike over "
                f"({self.found.reach}): scores may be too high; take fewer folds or record longer"
            )
        return f"{found}." if self.asked else f"{found}. {remedy}"


def time_line(
    x: Responses, y: Responses, groups: np.ndarray | None, config: CompareConfig, own: bool = False
) -> TimeLine:
    """Find out whether stimuli follow each other in time, and whether the folds respect it.

    ``own``: whether training responses were given separately.
    """
    fixed = config.protocol != "unbraid" or config.fold_kind == "shuffled"
    found = stats.order_of(x.values, y.values, config.order)
    if not found.in_time:
        return TimeLine(found=found)
    if groups is not None:
        among = stats.order_of_groups(x.values, y.values, groups)
        kind = "ignored" if among else "exchangeable"
        return TimeLine(kind=kind, found=found, remedy="Make groups longer, or give none.")
    kind = "ignored" if fixed else found.kind
    published = config.protocol != "unbraid"
    remedy = 'Use protocol="unbraid".' if published else "Leave fold_kind to be chosen."
    return TimeLine(kind=kind, found=found, asked=config.order == "time", own=own, remedy=remedy)


def doubts(
    line: TimeLine, scores: Sequence[Score], way: str = "x->y"
) -> Mapping[tuple[str, str], str]:
    """Return why no gain can be claimed, for each metric and ``codes->codes`` or ``codes->base``.

    For stimuli in time, the codes must be more alike than after rotations of one side: slow systems
    that share nothing seem to gain, too.
    """
    if line.kind == "exchangeable":
        return {}
    found = {}
    for score in scores:
        if (score.source, score.systems) != ("codes", way) or (score.seed or 0) > 0:
            continue
        why = {
            "drift": "both sides drift, which needs no shared cause",
            "period": "both sides hold one period, by which unrelated systems gain too",
            "ignored": "neighbours in time were not kept apart",
        }.get(line.kind, f"which may be chance in slow series (rotation null {score.null:.2f}, p = "
                         f"{score.p_value:.2f})")  # fmt: skip
        if line.kind != "time" or not score.p_value <= _LEVEL:
            found[score.metric, f"codes->{score.target}"] = why
    return found
