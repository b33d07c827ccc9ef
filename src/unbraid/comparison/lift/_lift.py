"""One system lifted out of superposition, with the controls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.scores._controls import (
    WideExpansion,
    is_matching,
    is_prediction,
    rotation,
    widths,
)
from unbraid.responses import Codes, Responses
from unbraid.sparse.training._training import Autoencoder

FROZEN: dict[str, type[Autoencoder]] = {
    "frozen_decoder": sparse.FrozenDecoder,
    "soft_frozen_decoder": sparse.SoftFrozenDecoder,
    "frozen_encoder": sparse.FrozenEncoder,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Lifted:
    """Codes of the alignment stimuli under one dictionary, and under each control."""

    dictionary: sparse.Dictionary
    codes: Codes
    controls: dict[str, Codes | Responses | WideExpansion] = field(default_factory=dict)
    """Empty where a saved run was loaded: their scores are kept, their codes are not."""
    fvu: float
    """Fraction of variance unexplained on the alignment stimuli."""
    dead: float
    """Share of the latents silent on the alignment stimuli."""


Pair = tuple[Lifted | None, Lifted | None]
"""Both systems under one seed; None where a system is given no dictionary."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """What a system's dictionaries and controls are learned on and scored on."""

    train: Responses
    scored: Responses
    frozen: bool = False
    """Whether the controls that learn half of an autoencoder are made."""
    untrained: tuple[Responses, Responses] | None = None
    """An untrained copy of the system: responses to learn from, and to the alignment stimuli."""


def lift(
    side: Side,
    method: sparse.Method,
    config: CompareConfig,
    rng: np.random.Generator,
    progress: Callable[[str, float], None],
) -> Lifted:
    """Learn a dictionary and its controls on ``side.train``; infer all codes of ``side.scored``."""
    learn, untrain, *rest = rng.spawn(8)
    dictionary = sparse.fit(side.train, method, rng=learn, progress=progress, order=config.order)
    dictionary = dictionary.prepared(side.train, config.by)
    codes = dictionary.encode(side.scored, by=config.by)
    with warnings.catch_warnings():  # the dictionary's own warnings say what weakens a control, too
        warnings.simplefilter("ignore", RuntimeWarning)
        untrained = sparse.RandomDictionary(of=dictionary.method)
        random = sparse.fit(side.train, untrained, rng=untrain, order=config.order).prepared(
            side.train, config.by
        )
        controls = _controls(side, dictionary.method, codes, random, config, rest)
    return _lifted(dictionary, codes, controls, side.scored)


def lift_given(
    side: Side, dictionary: sparse.Dictionary, config: CompareConfig, rng: np.random.Generator
) -> Lifted:
    """Infer the codes of a given dictionary, and of controls of its own rule and width."""
    _, draw, *rest = rng.spawn(8)
    dictionary = dictionary.prepared(side.train, config.by)
    codes = dictionary.encode(side.scored, by=config.by)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        random = sparse.random_like(dictionary, side.train, rng=draw)
        controls = _controls(side, None, codes, random, config, rest)
    return _lifted(dictionary, codes, controls, side.scored)


def _controls(
    side: Side,
    method: sparse.Method | None,
    codes: Codes,
    random: sparse.Dictionary,
    config: CompareConfig,
    streams: list[np.random.Generator],
) -> dict[str, Any]:
    """Return the codes of every control; ``method``: None where the dictionary was given."""
    expand, shuffle, turn, widen, freeze, copy = streams
    train, scored = side.train, side.scored
    m, k = codes.shape[1], max(1, round(codes.l0))
    expansion = sparse.RandomExpansion(n_latents=m, k=k)
    controls: dict[str, Any] = {
        "random_dictionary": random.encode(scored, by=config.by),
        "random_expansion": sparse.fit(train, expansion, rng=expand).encode(scored),
        "shuffled_latents": sparse.shuffle_latents(codes, rng=shuffle),
    }
    if any(is_matching(metric) for metric in config.scored):
        controls["rotation"] = rotation(train, scored, turn)
    if any(is_prediction(metric) for metric in config.scored):
        controls["wide_expansion"] = WideExpansion(
            train=train,
            scored=scored,
            widths=widths(m, *scored.shape),
            seed=int(widen.integers(2**31)),
        )
    options: dict[str, Any] = {"n_latents": m, "k": k}
    if isinstance(method, Autoencoder):
        options["training"] = method.training
    if side.frozen:
        for name, half in FROZEN.items():
            learned = sparse.fit(train, half(**options), rng=freeze.spawn(1)[0], order=config.order)
            controls[name] = learned.encode(scored)
    if side.untrained is not None:
        again = sparse.TopK(**options) if method is None else method
        by = None if method is None else config.by
        learned = sparse.fit(side.untrained[0], again, rng=copy, order=config.order).prepared(
            side.untrained[0], by
        )
        controls["untrained_copy"] = learned.encode(side.untrained[1], by=by)
    return controls


def _lifted(
    dictionary: sparse.Dictionary, codes: Codes, controls: dict[str, Any], scored: Responses
) -> Lifted:
    return Lifted(
        dictionary=dictionary,
        codes=codes,
        controls=controls,
        fvu=dictionary.fvu(scored, codes),
        dead=1 - len(np.unique(codes.indices)) / codes.shape[1],
    )


def is_frozen(config: CompareConfig, parts: Split, given: bool) -> bool:
    """Return whether the controls that learn half of an autoencoder are made."""
    return given and parts.apart if config.frozen is None else config.frozen


def side_of(lifted: Sequence[Pair], side: int) -> list[Lifted]:
    """Return what one system's dictionaries gave, one per seed; none where it was given none."""
    return [found for pair in lifted if (found := pair[side]) is not None]


def forward(lifted: Sequence[Pair]) -> str:
    """Return the direction in which codes are a source: from y only where x has no dictionary."""
    return "x->y" if side_of(lifted, 0) else "y->x"


def targets(lifted: Sequence[Pair]) -> tuple[str, ...]:
    """Return what codes are compared with: codes and units, or units if a side has no codes."""
    both = bool(side_of(lifted, 0)) and bool(side_of(lifted, 1))
    return ("codes", "base") if both else ("base",)
