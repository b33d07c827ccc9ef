"""One system lifted out of superposition, with the controls."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._controls import (
    WideExpansion,
    is_matching,
    is_prediction,
    rotation,
    widths,
)
from unbraid.responses import Codes, Responses


@dataclass(frozen=True, eq=False, kw_only=True)
class Lifted:
    """Codes of the alignment stimuli under one learned dictionary, and under each control."""

    dictionary: sparse.Dictionary
    codes: Codes
    controls: dict[str, Codes | Responses | WideExpansion]
    fvu: float
    """Fraction of variance unexplained on the alignment stimuli."""
    dead: float
    """Share of the latents silent on the alignment stimuli."""


def lift(
    train: Responses,
    scored: Responses,
    method: sparse.Method,
    config: CompareConfig,
    rng: np.random.Generator,
    progress: Callable[[str, float], None],
) -> Lifted:
    """Learn a dictionary and its controls on ``train``; infer all codes of ``scored``."""
    learn, untrain, expand, shuffle, turn, widen = rng.spawn(6)
    by = config.by
    dictionary = sparse.fit(train, method, rng=learn, progress=progress)
    codes = _encode(dictionary, scored, by)
    active = max(1, round(codes.l0))
    untrained = sparse.RandomDictionary(of=dictionary.method)
    expansion = sparse.RandomExpansion(n_latents=codes.shape[1], k=active)
    with warnings.catch_warnings():  # what weakens a control is said of the dictionary itself
        warnings.simplefilter("ignore", RuntimeWarning)
        controls: dict[str, Any] = {
            "random_dictionary": _encode(sparse.fit(train, untrained, rng=untrain), scored, by),
            "random_expansion": _encode(sparse.fit(train, expansion, rng=expand), scored, None),
            "shuffled_latents": sparse.shuffle_latents(codes, rng=shuffle),
        }
        if any(is_matching(metric) for metric in config.scored):
            controls["rotation"] = rotation(train, scored, turn)
    if any(is_prediction(metric) for metric in config.scored):
        controls["wide_expansion"] = WideExpansion(
            train=train,
            scored=scored,
            widths=widths(codes.shape[1], *scored.shape),
            seed=int(widen.integers(2**31)),
        )
    return Lifted(
        dictionary=dictionary,
        codes=codes,
        controls=controls,
        fvu=dictionary.fvu(scored, codes),
        dead=1 - len(np.unique(codes.indices)) / codes.shape[1],
    )


def _encode(dictionary: sparse.Dictionary, scored: Responses, by: Any) -> Codes:
    return dictionary.encode(scored, by=by)
