"""Every score of a comparison, from the moments of passes over the stimuli."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

from unbraid._progress import Progress
from unbraid.align import Score, streamed
from unbraid.align._judge import interval_of
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.controls._which import LABELS
from unbraid.comparison.scores._score_all import ScoreJob, base_jobs, jobs, metrics_of
from unbraid.comparison.streamed._learned import Coding, Learned
from unbraid.stats._many_moments import ManyMoments

# Products within each side are not needed for the values of matchings, only for their p-values
STREAMED: dict[str, bool] = {
    "semi_matching": False, "one_to_one": False, "soft_matching": False, "ridge": True,
    "ridge_r2": True, "cka": True, "procrustes": True, "cca": True, "svcca": True, "pwcca": True,
}  # fmt: skip
"""Metrics that moments give, and whether they need the products within each side."""
_LEAST = {"cka": 0.0, "ridge_r2": -math.inf}  # others: -1

Key = tuple[str, str, int]
"""RowSource, side and seed: ``("x", "codes", 0)``; units have seed 0."""


@dataclass(frozen=True, eq=False)
class PassScores:
    """The scores that one pass gives, in the order of a report."""

    jobs: tuple[tuple[int, ScoreJob, tuple[str, ...]], ...]
    """Place in the report, job, metrics."""
    codings: dict[Key, Coding]

    @property
    def keys(self) -> list[Key]:
        """The sides, in a fixed order."""
        return list(dict.fromkeys(key for _, job, _ in self.jobs for key in job.values))

    @property
    def pairs(self) -> tuple[tuple[int, int], ...]:
        """Numbers of the sides that are scored against each other, each pair once."""
        place = {key: number for number, key in enumerate(self.keys)}
        found = [tuple(sorted(place[key] for key in job.values)) for _, job, _ in self.jobs]
        return tuple(dict.fromkeys((a, b) for a, b in found))

    def within(self, way: str) -> tuple[bool, ...]:
        """Whether the products within each side are needed."""
        asked: set[Key] = set()
        for _, job, metrics in self.jobs:
            if in_full(job, way) or any(STREAMED[name] for name in metrics):
                asked.update(job.values)
        return tuple(key in asked for key in self.keys)


def in_full(job: ScoreJob, way: str) -> bool:
    """Whether a verdict rests on a score, so that it gets a p-value: as in memory."""
    first = not job.seed and job.systems not in {"x->y", "y->x"} - {way}
    return job.source == "base" or (first and job.source == "codes")


def wanted(
    pairs: Sequence[tuple[Learned | None, Learned | None]], config: CompareConfig, way: str
) -> list[PassScores]:
    """Return the scores of each pass: of the units and the first seed, then of each seed."""
    named = [tuple(None if one is None else _names(name, seed, one)
                   for name, one in zip("xy", pair, strict=True))
             for seed, pair in enumerate(pairs)]  # fmt: skip
    units: Any = SimpleNamespace(x=("x", "base", 0), y=("y", "base", 0))
    stand_ins: Any = named
    codings = {units.x: Coding(0), units.y: Coding(1)}
    for seed, pair in enumerate(pairs):
        for name, one in zip("xy", pair, strict=True):
            for kind, coding in ({} if one is None else one.codings).items():
                codings[name, kind, seed] = coding
    found = [*base_jobs(units), *jobs(units, stand_ins, None)]
    listed = [(place, job, metrics_of(job, config, way)) for place, job in enumerate(found)]
    listed = [each for each in listed if each[2]]
    return [
        PassScores(tuple(each for each in listed if _pass_of(each[1]) == seed), codings)
        for seed in range(len(pairs))
    ]


def _names(system: str, seed: int, of: Learned) -> Any:
    controls = {kind: (system, kind, seed) for kind in of.codings if kind != "codes"}
    return SimpleNamespace(codes=(system, "codes", seed), controls=controls)


def _pass_of(job: ScoreJob) -> int:
    return max(key[2] for key in job.values)


def scores_of(
    one: PassScores, moments: ManyMoments, folds: tuple[np.ndarray, bool], config: CompareConfig,
    drawn: tuple[int, str], has_null: bool, tell: Progress,
) -> dict[tuple[int, int], Score]:  # fmt: skip
    """Return the scores of one pass by their place in the report.

    ``folds``: of each group, and whether these keep dependent stimuli together.
    """
    (seed, way), (fold, dependent) = drawn, folds
    place = {key: number for number, key in enumerate(one.keys)}
    found: dict[tuple[int, int], Score] = {}
    for number, (job_place, job, metrics) in enumerate(one.jobs):
        source, target = (place[key] for key in job.values)
        pair = moments.of(source, target, fold, dependent)
        for order, metric in enumerate(metrics):
            sides = f"{LABELS[job.source]} against {LABELS[job.target]}"
            tell(f"scoring {sides} ({metric})", number / len(one.jobs))
            compute: Callable[..., Score] = getattr(streamed, metric)
            score = _judged(compute(pair), config, seed)
            if not (in_full(job, way) and has_null):
                score = replace(score, p_value=math.nan)
            found[job_place, order] = score.named(job.source, job.target, job.systems, job.seed)
    return found


def _judged(score: Score, config: CompareConfig, seed: int) -> Score:
    """Return a score with the interval of this level, and draws of this seed."""
    losses = score.influence if config.resamples else np.empty(0)
    rng, least = np.random.default_rng(seed), _LEAST.get(score.metric, -1.0)
    fields, _ = interval_of(losses, score.value, config.level, config.resamples, rng, least)
    return replace(score, **fields)
