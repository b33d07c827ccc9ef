"""Latents that carry little: they lower a matching of good codes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unbraid.align import Score
from unbraid.comparison.controls._which import is_matching
from unbraid.comparison.dictionaries._system import Lifted, Pair

_LOWERED = 0.1  # the weighted mean must be higher by this much for a warning
_CARRY = 0.9  # share of what the codes hold that the latents named carry


def warnings_of_surplus(
    headline: str,
    lifted: Pair,
    scores: Sequence[Score],
    names: tuple[str, str],
) -> list[str]:
    """Return a line for each system whose surplus latents lower the headline matching.

    A latent carries the variance of its code times the squared length of its atom. The mean over
    target latents counts all alike; where the mean weighted by what they carry is higher by more
    than .1, features are matched and surplus latents are not. No truth is needed for it.
    """
    if not is_matching(headline):
        return []
    found = []
    for side, systems in ((1, "x->y"), (0, "y->x")):
        of_codes = [
            score
            for score in scores
            if (score.metric, score.source, score.target) == (headline, "codes", "codes")
            and (score.systems, score.seed) == (systems, 0)
        ]
        of_side = lifted[side]
        if of_side is not None and of_codes and len(of_codes[0].per_target):
            found += _of_side(names[side], of_side, of_codes[0])
    return found


def _of_side(name: str, lifted: Lifted, score: Score) -> list[str]:
    share, matched = carried(lifted), np.nan_to_num(score.per_target)
    if not share @ matched - score.value > _LOWERED:
        return []
    order = np.argsort(-share, kind="stable")
    count = int(np.searchsorted(share[order].cumsum(), _CARRY)) + 1
    most = matched[order[:count]].mean()
    return [
        f"{name}: surplus latents lower {score.metric.replace('_', '-')}: the {count} of "
        f"{len(share)} latents that carry {_CARRY:.0%} of the codes match at {most:.2f}, all "
        f"together at {score.value:.2f}. Use fewer latents for a clearer answer."
    ]


def carried(lifted: Lifted) -> np.ndarray:
    """Return the share (m,) of the codes' variance that each latent carries, summing to 1."""
    codes = lifted.codes.values
    n = codes.shape[0]
    mean = np.asarray(codes.sum(axis=0)).ravel() / n
    power = np.asarray(codes.multiply(codes).sum(axis=0)).ravel() / n - mean**2
    size = np.maximum(power, 0) * np.square(lifted.dictionary.atoms, dtype=np.float64).sum(axis=1)
    total = float(size.sum())
    return size / total if total > 0 else np.full(len(size), 1 / len(size))
