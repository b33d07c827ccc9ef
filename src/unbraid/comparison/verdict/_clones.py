"""Redundancy: groups of units that carry the same, where they are why a matching is low."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unbraid import align, interpret
from unbraid.align import Score
from unbraid.comparison._split import Split
from unbraid.comparison.controls._which import is_matching
from unbraid.responses import Responses

_LOWERED = 0.1  # by how much clones must lower a matching to be named as the cause
_ALIKE = 0.5  # mean held-out |r| in a group below which its units do not carry the same
_HIGH = 0.9  # a matching above it has no cause to be asked for
_MOST_CLONE_UNITS = 1024  # of a side; all pairs of more take longer than most dictionaries
_CLONE_ROWS = 2000  # stimuli on which groups are looked for at most
_DRAWS = 3  # of one unit per group: their mean is compared with the score


def warnings_of_clones(
    metrics: Sequence[str], parts: Split, scores: Sequence[Score], names: tuple[str, str], way: str
) -> list[str]:
    """Return a line for each matching of units that clones lower by more than .1.

    Clones are ``interpret.clones`` of a side's units. One unit is drawn from each group, and
    matched as all units were: the mean over three draws must exceed both the score of all units and
    that of as many units drawn whatever their group, which leaves the noise of units as it was.
    Asked of matchings below .9 of up to 1,024 units a side.
    """
    low = [
        score
        for score in scores
        if score.metric in metrics and is_matching(score.metric) and score.value < _HIGH
        if (score.source, score.target, score.systems) == ("base", "base", way)
    ]
    sides = (parts.x, parts.y)
    if not low or max(side.shape[1] for side in sides) > _MOST_CLONE_UNITS:
        return []
    rng = np.random.default_rng(0)
    rows = np.sort(rng.permutation(len(parts.rows))[:_CLONE_ROWS])
    groups = [_groups(side.take(rows), rng) for side in sides]
    if all(_count(of) == len(of) for of in groups):
        return []
    dense = [side.toarray() for side in sides]
    pairs = [
        [[side[:, draw(of, rng)] for side, of in zip(dense, groups, strict=True)]
         for _ in range(_DRAWS)]
        for draw in (_one_of_each, _as_many)
    ]  # fmt: skip
    found = []
    for score in low:
        each, any_of = (
            float(np.mean([_matched(score.metric, pair, parts, way) for pair in drawn]))
            for drawn in pairs
        )
        if each - max(score.value, any_of) > _LOWERED:
            found.append(_line(score, each, any_of, groups, names, scores))
    return found


def _groups(side: Responses, rng: np.random.Generator) -> np.ndarray:
    """Return the group of each unit; one of its own where it has no clone or never varies."""
    found = interpret.clones(side, rng=rng)
    if not found.within >= _ALIKE:  # none, or groups by chance: one in ten systems has some
        return np.arange(side.shape[1])
    group = found.group
    return np.where(group < 0, group.max(initial=0) + np.cumsum(group < 0), group)


def _count(group: np.ndarray) -> int:
    return len(np.unique(group))


def _one_of_each(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    order = rng.permutation(len(group))
    return np.sort(order[np.unique(group[order], return_index=True)[1]])


def _as_many(group: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.permutation(len(group))[: _count(group)])


def _matched(metric: str, pair: Sequence[np.ndarray], parts: Split, way: str) -> float:
    source, target = pair if way == "x->y" else pair[::-1]
    compute = align.METRICS[metric].compute
    options = {"permutations": 0, "resamples": 0, "order": "exchangeable", "rng": 0}
    return float(compute(source, target, folds=parts.folds, **options).value)


def _line(
    score: Score,
    each: float,
    any_of: float,
    groups: Sequence[np.ndarray],
    names: tuple[str, str],
    scores: Sequence[Score],
) -> str:
    plain = score.metric.replace("_", "-")
    sides = [
        f"the {len(of)} units of {name} are {_count(of)} groups"
        for name, of in zip(names, groups, strict=True)
        if _count(of) < len(of)
    ]
    codes = [
        other.value
        for other in scores
        if (other.metric, other.source, other.target) == (score.metric, "codes", "codes")
        and other.systems == score.systems
    ]
    told = ""
    if codes:
        mean = float(np.mean(codes))
        told = f" Codes, which hold a group once, reach {mean:.2f}" + (
            ", no more than that." if mean <= each else "."
        )
    return (
        f"Redundant units lower {plain} from unit to unit: {' and '.join(sides)} that carry the "
        f"same. All units match at {score.value:.2f}, one unit of each group at {each:.2f}, as "
        f"many drawn at random at {any_of:.2f}.{told}"
    )
