"""What the study of brains scores: every source of every layer, families, whole sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import align, stats
from unbraid._progress import Progress, part
from unbraid.align import Score
from unbraid.responses import Images, Network
from unbraid.sparse import Dictionary
from unbraid.studies._across import Across, across
from unbraid.studies.brains._nested import NestedPrediction, nested
from unbraid.studies.systems._pooled import coarser, compact, pooled
from unbraid.studies.systems._sources import FAMILY

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """How predictions are held out and how their uncertainty is drawn."""

    folds: int
    resamples: int
    seed: int

    def score(self, values: np.ndarray, brain: np.ndarray) -> Score:
        """Return the held-out ridge score of standardised values."""
        return align.ridge(
            values, brain, folds=self.folds, permutations=0, resamples=self.resamples,
            rng=self.seed, order="exchangeable",
        )  # fmt: skip


def cells(pool: int) -> tuple[int, ...]:
    """Return the numbers of cells per side that a search tries: as requested, and half as many."""
    return (pool,) if pool % 2 else (pool, pool // 2)


def views(
    net: Network,
    pictures: Images,
    sources: Mapping[str, Mapping[str, Dictionary | None]],
    sizes: tuple[int, ...],
    tell: Progress,
) -> dict[int, dict[Key, np.ndarray]]:
    """Return, for each number of cells per side, the compact values of every layer's sources.

    A layer with several sources passes through the network by itself: its pooled values are large.
    """
    several = [{layer: mine} for layer, mine in sources.items() if len(mine) > 1]
    single = {layer: mine for layer, mine in sources.items() if len(mine) == 1}
    groups = [single, *several] if single else several
    found: dict[int, dict[Key, np.ndarray]] = {size: {} for size in sizes}
    for i, group in enumerate(groups):
        mine = part(tell, i / len(groups), (i + 1) / len(groups))
        values = pooled(net, pictures, group, sizes[0], mine)
        for key in list(values):
            fine = values.pop(key)
            found[sizes[0]][key] = compact(fine)
            for half in sizes[1:]:
                found[half][key] = compact(coarser(fine, sizes[0]))
    return found


def predict(
    features: Mapping[Key, np.ndarray], brain: np.ndarray, judged: Judged, tell: Progress
) -> dict[Key, Score]:
    """Return the score of every source of every layer, from compact values."""
    scores = {}
    for i, (key, values) in enumerate(features.items()):
        tell(f"predicting from {key[1]} of {key[0]}", i / len(features))
        scores[key] = judged.score(values, brain)
    return scores


def search(
    features: Mapping[int, Mapping[Key, np.ndarray]], brain: np.ndarray, judged: Judged
) -> dict[str, NestedPrediction]:
    """Return each family's prediction, its member chosen inside the folds.

    The members are its sources of every layer, in each number of cells.
    """
    families: dict[str, dict[str, np.ndarray]] = {}
    for size, members in features.items():
        for (layer, source), values in members.items():
            if source in FAMILY:
                mine = families.setdefault(FAMILY[source], {})
                mine[f"{layer} {source}, {size} x {size}"] = values
    return {
        name: nested(mine, brain, folds=judged.folds, resamples=judged.resamples, rng=judged.seed)
        for name, mine in families.items()
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Elsewhere:
    """What sources of one layer predict in another session."""

    name: str
    scores: dict[str, Score]
    rows: list[dict[str, Any]]


def elsewhere(name: str, layer: str, scores: Mapping[Key, Score]) -> Elsewhere:
    """Return a session's scores by source, with their rows."""
    rows = [row(key, scores, None, {"session": name}) for key in scores]
    return Elsewhere(name=name, scores={s: scores[layer, s] for _, s in scores}, rows=rows)


def row(
    key: Key, scores: Mapping[Key, Score], ceiling: np.ndarray | None, about: dict[str, Any]
) -> dict[str, Any]:
    """Return a source's numbers, and its gain over the layer's units."""
    score, units = scores[key], scores[key[0], "units"]
    gain = difference(score, units)
    found = about | {
        "layer": key[0], "source": key[1], "median r": median(score), "mean r": score.value,
        "low": score.low, "high": score.high, "in sample": score.in_sample, "gain": gain.value,
        "gain low": gain.low, "gain high": gain.high,
    }  # fmt: skip
    if ceiling is not None:
        found["median r / ceiling"] = float(np.nanmedian(score.per_target / ceiling))
    return found


def family_row(name: str, found: NestedPrediction, ceiling: np.ndarray | None) -> dict[str, Any]:
    """Return a family's numbers."""
    bounds = found.interval
    made = {
        "layer": "chosen inside folds", "source": name, "mean r": found.value,
        "median r": float(np.nanmedian(found.per_target)), "low": bounds.low, "high": bounds.high,
        "chosen": found.chosen,
    }  # fmt: skip
    if ceiling is not None:
        made["median r / ceiling"] = float(np.nanmedian(found.per_target / ceiling))
    return made


def family_gain(a: NestedPrediction, b: NestedPrediction) -> stats.Difference:
    """Return the difference of two families, paired over stimuli."""
    return stats.paired_difference(a.value, b.value, a.replicates, b.replicates)


def over_units(a: np.ndarray, b: np.ndarray) -> Across:
    """Return the mean difference over target units, with an interval for other units."""
    return across((a - b)[np.isfinite(a - b)])


def difference(a: Score, b: Score) -> stats.Difference:
    """Return the difference of two scores, paired over stimuli."""
    return stats.paired_difference(a.value, b.value, a.replicates, b.replicates)


def median(score: Score) -> float:
    """Return the median over target units."""
    return float(np.nanmedian(score.per_target))


def said(gain: stats.Difference) -> str:
    """Return a gain with its interval, as text."""
    return f"{gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}]"
