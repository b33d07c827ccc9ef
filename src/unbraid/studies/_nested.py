"""A fair search: the layer is chosen inside the folds, and scored where it was not chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import align, stats


@dataclass(frozen=True, kw_only=True)
class Nested:
    """What a source predicts when its layer is chosen without the pictures it is scored on."""

    value: float
    """Mean over outer folds of the mean r over units."""
    chosen: str
    """The layers chosen, with how often."""


def nested(
    features: Mapping[str, np.ndarray], brain: np.ndarray, *, folds: int, rng: int
) -> Nested:
    """Choose among layers by ridge on the training pictures of each outer fold.

    ``value = mean_f r_f(argmax_layer r(layer; pictures outside f))``, where ``r_f`` is the mean
    correlation over units on fold ``f`` of a ridge fitted on the others.
    """
    labels = np.asarray(stats.shuffled_folds(len(brain), folds, rng))
    quiet: dict[str, Any] = {"permutations": 0, "resamples": 0, "rng": rng}
    outer = {k: align.ridge(x, brain, folds=labels, **quiet).per_fold for k, x in features.items()}
    values, chosen = [], []
    for fold in range(folds):
        rows = labels != fold
        inner = {
            k: align.ridge(x[rows], brain[rows], folds=folds, **quiet).value
            for k, x in features.items()
        }
        best = max(inner, key=lambda k: inner[k])  # noqa: B023
        chosen.append(best)
        values.append(outer[best][fold])
    counts = Counter(chosen).most_common()
    said = ", ".join(f"{name} x {count}" for name, count in counts)
    return Nested(value=float(np.mean(values)), chosen=said)


def gain_over_units(
    a: np.ndarray, b: np.ndarray, resamples: int, rng: np.random.Generator
) -> stats.Interval:
    """Return the interval of the mean of ``a - b``, a bootstrap over target units."""
    difference = (a - b)[np.isfinite(a - b)]
    drawn = rng.integers(0, len(difference), (resamples, len(difference)))
    return stats.interval(difference[drawn].mean(axis=1), 0.95)
