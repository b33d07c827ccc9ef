"""One system lifted out of superposition, with the controls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.comparison._config import CompareConfig
from unbraid.comparison.controls._made import Side, controls_of
from unbraid.comparison.controls._wide_expansion import WideExpansion
from unbraid.responses import Codes, Responses
from unbraid.sparse._fit import fit_control


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
        random = fit_control(
            side.train, untrained, rng=untrain, order=config.order, by=config.by
        ).prepared(side.train, config.by)
        controls = controls_of(side, dictionary.method, codes, random, config, rest)
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
        controls = controls_of(side, None, codes, random, config, rest)
    return _lifted(dictionary, codes, controls, side.scored)


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
