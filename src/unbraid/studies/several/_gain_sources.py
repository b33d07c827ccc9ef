"""Units of networks, their codes, and what could explain a gain away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import align, interpret, sparse
from unbraid.studies._across import Across, across
from unbraid.studies.known_truth._known import fit, value
from unbraid.studies.systems._pooled import compact

CONTROLS = ("untrained", "random relu", "wide relu", "rotation")
CODES = ("sparse coding", "TopK", "auto")
_LINEAR = ("rotation", "read-out")  # maps of the units, which predict as these do
_FLAT = 1e-6  # share of the largest sd below which a unit does not vary

Pair = tuple[int, int]
Scores = dict[tuple[str, str], dict[Pair, float]]
"""Metric and source -> the value of each pair of networks."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """What one network answered, and what it was shown."""

    training: np.ndarray
    tested: np.ndarray
    labels: np.ndarray
    """(n_training, N)"""
    truth: np.ndarray
    """(n_tested, N)"""

    @property
    def alive(self) -> int:
        """Number of units that vary."""
        spread = self.training.std(axis=0)
        return int((spread > _FLAT * max(float(spread.max()), 1e-30)).sum())


def sources_of(net: Recorded, options: Any, rng: np.random.Generator, auto: bool) -> dict[str, Any]:
    """Return every source of a network on tested stimuli, (n, m): units, codes, controls."""
    x, y = net.training, net.tested
    p = x.shape[1]
    topk = sparse.TopK(n_latents=4 * p, k=min(options.k, 4 * p),
                       training=sparse.Training(steps=options.steps))  # fmt: skip
    found: dict[str, Any] = {"units": y}
    methods: dict[str, sparse.Method] = {
        "sparse coding": sparse.SparseCoding(n_latents=options.n_latents),
        "TopK": topk,
        "untrained": sparse.RandomDictionary(of=topk),
        "rotation": sparse.ICA(),
    }
    if auto:
        methods["auto"] = sparse.Auto()
    for name, method in methods.items():
        found[name] = fit(x, method, rng.spawn(1)[0]).encode(y).values
    found["random relu"] = expanded(x, y, options.n_latents, rng.spawn(1)[0])
    found["wide relu"] = expanded(x, y, options.wide, rng.spawn(1)[0])
    found["read-out"] = _read_out(x, net.labels, y)
    return found


def scores_of(
    sources: Sequence[dict[str, Any]],
    truth: np.ndarray,
    metrics: Sequence[str] = ("semi_matching", "ridge", "mcc"),
) -> Scores:
    """Return the scores of all pairs: matching of like with like, ridge to the other's units.

    Ridge is the mean of both directions, MCC the mean of both networks.
    """
    pairs = list(combinations(range(len(sources)), 2))
    found: Scores = {}
    for name in sources[0]:
        of = [source[name] for source in sources]
        found["semi_matching", name] = {
            (i, j): value("semi_matching", of[i], of[j], order="exchangeable") for i, j in pairs
        }
        if "ridge" in metrics and name not in _LINEAR:
            r = _ridge(of, [source["units"] for source in sources])
            found["ridge", name] = {(i, j): (r[i, j] + r[j, i]) / 2 for i, j in pairs}
        mcc = [interpret.mcc(each, truth) for each in of]
        found["mcc", name] = {(i, j): (mcc[i] + mcc[j]) / 2 for i, j in pairs}
    return found


def _ridge(sources: Sequence[Any], units: Sequence[np.ndarray]) -> np.ndarray:
    """Return the ridge scores (S, S) of each source to all other networks' units."""
    found = np.full((len(sources), len(sources)), np.nan)
    for i, source in enumerate(sources):
        dense = source.toarray() if sp.issparse(source) else np.asarray(source)
        others = [j for j in range(len(sources)) if j != i]
        score = align.ridge(compact(dense), np.hstack([units[j] for j in others]),
                            permutations=0, resamples=0, order="exchangeable")  # fmt: skip
        ends = np.cumsum([units[j].shape[1] for j in others])[:-1]
        for j, part in zip(others, np.split(score.per_target, ends), strict=True):
            found[i, j] = np.nanmean(part)
    return found


def over_networks(values: dict[Pair, float], most: float = np.inf) -> Across:
    """Return the mean over pairs, with the interval from leaving out one network at a time.

    Pairs share networks, so that they are no independent values; the networks are. Of two networks
    there is one pair, and no interval.
    """
    count = max(j for _, j in values) + 1
    mean = float(np.mean(list(values.values())))
    if count < 3:
        return across([mean])
    without = [np.mean([v for pair, v in values.items() if i not in pair]) for i in range(count)]
    return across([count * mean - (count - 1) * float(each) for each in without], most=most)


def expanded(x: np.ndarray, y: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``relu((y - mean) W)``, directions random in the units' standard deviations."""
    spread = np.maximum(x.std(axis=0), _FLAT)
    directions = rng.normal(size=(x.shape[1], m)) / np.sqrt(x.shape[1])
    return np.maximum((y - x.mean(axis=0)) / spread @ directions, 0)


def _read_out(x: np.ndarray, labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the linear prediction of what is shown: least squares on training stimuli."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.linalg.lstsq(design, labels, rcond=None)[0]
    return np.asarray(np.hstack([y, np.ones((len(y), 1))]) @ weights)


@dataclass(frozen=True, kw_only=True, eq=False)
class PairGains:
    """What codes gain in each pair."""

    over_units: dict[Pair, float]
    over_control: dict[Pair, float]
    """Over the best control of the pair."""
    control: str
    """The control that is best in most pairs."""

    @property
    def everywhere(self) -> bool:
        """Whether codes gain over units and over every control in every pair."""
        return min([*self.over_units.values(), *self.over_control.values()]) > 0


def gains(scores: Scores, metric: str, codes: str) -> PairGains:
    """Return the gain of codes over units and over the best control."""
    own, units = scores[metric, codes], scores[metric, "units"]
    controls = [c for c in CONTROLS if (metric, c) in scores]
    best = {pair: max(controls, key=lambda c: scores[metric, c][pair]) for pair in own}
    names = list(best.values())
    return PairGains(
        over_units={pair: own[pair] - units[pair] for pair in own},
        over_control={pair: own[pair] - scores[metric, best[pair]][pair] for pair in own},
        control=max(set(names), key=lambda name: (names.count(name), name)),
    )
