"""Layers of two networks: dictionaries from every position, alignment on other pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import align, stats
from unbraid._progress import Progress, part
from unbraid.align import Score
from unbraid.responses import Center, ClassToken, Images, Network, record
from unbraid.studies.systems import _sources
from unbraid.studies.systems._pooled import compact, training_vectors

COMPARED = (
    ("units", "units", "ridge"), ("codes", "units", "ridge"), ("untrained", "units", "ridge"),
    ("random top-k", "units", "ridge"), ("random relu", "units", "ridge"),
    ("codes", "codes", "ridge"), ("units", "units", "semi_matching"),
    ("codes", "codes", "semi_matching"), ("untrained", "untrained", "semi_matching"),
    ("random relu", "random relu", "semi_matching"),
)  # fmt: skip
"""Source of the first network, of the second, metric."""

Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Aligned:
    """One layer of a network against one of another."""

    part: str
    first: str
    second: str
    depth: int
    """How many of the pairs of the same two networks are shallower."""
    scores: Mapping[Key, Score]

    @property
    def name(self) -> str:
        """First and second layer."""
        return f"{self.first} -> {self.second}"

    def gain(self, a: Key, b: Key) -> stats.Difference:
        """Return the difference of two comparisons, paired over pictures."""
        x, y = self.scores[a], self.scores[b]
        return stats.paired_difference(x.value, y.value, x.replicates, y.replicates)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each comparison."""
        return [
            {
                "part": self.part, "layers": self.name, "source": f"{key[0]} -> {key[1]}",
                "metric": key[2], "score": score.value, "low": score.low, "high": score.high,
                "coverage": score.coverage, "n": score.n,
            }
            for key, score in self.scores.items()
        ]  # fmt: skip


def vectors_of(
    net: Network,
    layers: Sequence[str],
    pictures: tuple[Images, Images],
    options: Any,
    rng: np.random.Generator,
    tell: Progress,
) -> dict[str, dict[str, np.ndarray]]:
    """Return, for each layer, units and codes at the centre (or class token) of scored pictures.

    Dictionaries are learned from positions of ``pictures[0]``, at most ``options.n_vectors``;
    ``pictures[1]`` are only encoded.
    """
    tell("recording", 0.0)
    centres = record(
        net.model, pictures[1], list(layers), units=ClassToken() if net.prefix else Center(),
        preprocess=net.preprocess, batch=16,
    )  # fmt: skip
    found: dict[str, dict[str, np.ndarray]] = {}
    learning = training_vectors(net, layers, pictures[0], options.n_vectors, rng.spawn(1)[0])
    for layer, x in learning:
        start, stop = (0.3 + 0.7 * (len(found) + j) / len(layers) for j in (0, 1))
        mine = part(tell, start, stop, f"{layer}, ")
        chosen = _sources.methods(
            x.shape[1], expansion=options.expansion, k=None, steps=options.steps
        )
        learned = _sources.learn(x, chosen, rng.spawn(1)[0], mine)
        units = centres[layer].values
        found[layer] = {
            source: units if dictionary is None else dictionary.encode(units).toarray()
            for source, dictionary in learned.items()
        }
    return found


def aligned(
    about: tuple[str, str, str, int],
    x: Mapping[str, np.ndarray],
    y: Mapping[str, np.ndarray],
    options: Any,
) -> Aligned:
    """Score every comparison of two layers; ``about``: part, their names and the depth."""
    how: dict[str, Any] = {
        "folds": options.folds, "permutations": 0, "resamples": options.resamples,
        "rng": options.seed, "order": "exchangeable",
    }  # fmt: skip
    scores = {}
    for source, target, metric in COMPARED:
        compute = align.METRICS[metric].compute
        a = compact(x[source]) if metric == "ridge" else x[source]
        scores[source, target, metric] = compute(a, y[target], **how)
    return Aligned(part=about[0], first=about[1], second=about[2], depth=about[3], scores=scores)
