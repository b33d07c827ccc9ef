"""What each system's dictionaries and controls are, before any code of a scored stimulus."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid._progress import Progress
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.controls._rotation import turned_axes
from unbraid.comparison.controls._which import is_matching
from unbraid.responses import Codes, Responses
from unbraid.responses.stores._part import StorePart
from unbraid.sparse import Dictionary
from unbraid.sparse._fit import fit_control


@dataclass(frozen=True, eq=False)
class Coding:
    """How the values of one side come from a block of a system's units."""

    system: int
    """0 for x, 1 for y."""
    dictionary: Dictionary | None = None
    """None: the units themselves."""
    by: Any = None
    shuffle: int | None = None
    """Seed of a shuffle of each latent within a block of stimuli; None: no shuffle."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Learned:
    """One dictionary of a system, its codes of the shown stimuli, and its controls."""

    dictionary: Dictionary
    codes: Codes
    """Of the stimuli shown."""
    fvu: float
    """On the stimuli shown."""
    codings: dict[str, Coding]
    """``codes`` and every control."""
    learned_from: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Material:
    """What the dictionaries of a system are learned from and shown on."""

    system: int
    whole: StorePart | Responses
    """All training stimuli, on disk if the system is."""
    sample: Responses
    """Those of them that memory holds: all, or drawn at random."""
    shown: Responses

    def of(self, method: sparse.Method) -> tuple[StorePart | Responses, int]:
        """Return what a method learns from, and how many stimuli these are."""
        if len(self.sample) == len(self.whole) or not method.in_batches:
            return self.sample, len(self.sample)
        return self.whole, len(self.whole)


def learned(
    material: Material, method: sparse.Method, config: CompareConfig, rng: np.random.Generator,
    progress: Progress,
) -> Learned:  # fmt: skip
    """Learn a dictionary and its controls, by the draws that ``compare`` makes in memory."""
    learn, untrain, *rest = rng.spawn(8)
    source, count = material.of(method)
    given: Any = source
    dictionary = sparse.fit(given, method, rng=learn, progress=progress, order=config.order)
    dictionary = dictionary.prepared(material.sample, config.by)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        untrained = sparse.RandomDictionary(of=dictionary.method)
        random = fit_control(
            material.sample, untrained, rng=untrain, order=config.order, by=config.by
        ).prepared(material.sample, config.by)
    return _with_controls(material, dictionary, random, config, rest, count)


def of_given(
    material: Material, dictionary: Dictionary, config: CompareConfig, rng: np.random.Generator
) -> Learned:
    """Return a given dictionary with controls of its own rule and width."""
    _, draw, *rest = rng.spawn(8)
    dictionary = dictionary.prepared(material.sample, config.by)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        random = sparse.random_like(dictionary, material.sample, rng=draw)
    return _with_controls(material, dictionary, random, config, rest, 0)


def _with_controls(
    material: Material, dictionary: Dictionary, random: Dictionary, config: CompareConfig,
    streams: list[np.random.Generator], learned_from: int,
) -> Learned:  # fmt: skip
    expand, shuffle, turn, *_ = streams
    codes = dictionary.encode(material.shown, by=config.by)
    expansion = sparse.RandomExpansion(n_latents=codes.shape[1], k=max(1, round(codes.l0)))
    side, by = material.system, config.by
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        expanded = fit_control(material.sample, expansion, rng=expand)
        codings = {
            "codes": Coding(side, dictionary, by),
            "random_dictionary": Coding(side, random, by),
            "random_expansion": Coding(side, expanded),
            "shuffled_latents": Coding(side, dictionary, by, int(shuffle.integers(2**31))),
        }
        if any(is_matching(metric) for metric in config.scored):
            codings["rotation"] = Coding(side, turned_axes(material.sample, turn))
    return Learned(
        dictionary=dictionary, codes=codes, fvu=dictionary.fvu(material.shown, codes),
        codings=codings, learned_from=learned_from,
    )  # fmt: skip
