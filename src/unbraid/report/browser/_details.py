"""What is shown of each latent, as texts; those that come first have room, until it is full."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.report.browser._data import BrowserSide, Examples, LatentDetail, LatentPair
from unbraid.report.browser._script import short, text_of, words


class Places:
    """Places of stimuli among those shown: a number for each, in the order of first use."""

    def __init__(self, n_sides: int = 1) -> None:
        self.used: dict[int, int] = {}
        self.liked: list[dict[int, list[int]]] = [{} for _ in range(n_sides)]
        """Of each side: stimulus -> latents that it is among the strongest of."""

    def of(self, stimulus: int) -> int:
        """Return the number of a stimulus, a new one when it is new."""
        return self.used.setdefault(int(stimulus), len(self.used))

    def all(self, examples: Examples) -> list[Any]:
        """Return examples by their numbers, flat: stimulus, activation, stimulus, ..."""
        return [part for row, value in examples for part in (self.of(row), short(value))]


def detail_texts(side: BrowserSide, at: int, room: int, places: Places) -> dict[int, str]:
    """Return the text of each latent that ``room`` bytes suffice for, the first of them first.

    ``at``: which of the sides it is.
    """
    found: dict[int, str] = {}
    for detail in side.details(list(side.first)):
        text = text_of(_plain(detail, places))
        room -= len(text)
        if room < 0:
            break
        found[detail.latent] = text
        for row, _ in detail.strongest:
            places.liked[at].setdefault(int(row), []).append(int(detail.latent))
    return found


def _plain(detail: LatentDetail, places: Places) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "strongest": places.all(detail.strongest),
        "steps": places.all(detail.steps),
        "random": places.all(detail.random),
        "histogram": [short(detail.low), short(detail.high), *map(int, detail.counts)],
        "braids": [
            {
                "system": words(braid.system),
                "units": [[words(unit), short(weight)] for unit, weight in braid.units],
                "spread": short(braid.spread),
            }
            for braid in detail.braids
        ],
        "near": [part for other, r in detail.near for part in (int(other), short(r))],
    }
    if len(detail.maps):
        plain["maps"] = _maps(np.asarray(detail.maps, dtype=float))
    if detail.pair is not None:
        plain["pair"] = _pair(detail.pair, places)
    return plain


def _maps(maps: np.ndarray) -> list[Any]:
    """Return the largest answer by size, and each map in whole percents of it."""
    largest = float(np.nanmax(np.abs(maps))) if np.isfinite(maps).any() else 0.0
    shares = np.round(100 * maps / largest) if largest else maps
    return [
        short(largest),
        *([int(each) if np.isfinite(each) else None for each in row] for row in shares),
    ]


def _pair(pair: LatentPair, places: Places) -> dict[str, Any]:
    return {
        "points": [short(value) for point in pair.points for value in point],
        "either": int(pair.n_either),
        "both": [places.of(row) for row in pair.both],
        "only_other": [places.of(row) for row in pair.only_other],
        "only_own": [places.of(row) for row in pair.only_own],
    }
