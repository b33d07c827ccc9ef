"""Every control of one system: what it learns on the same stimuli, or draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._split import Split
from unbraid.comparison.controls._rotation import rotation
from unbraid.comparison.controls._which import is_matching, is_prediction
from unbraid.comparison.controls._wide_expansion import WideExpansion, widths
from unbraid.responses import Codes, Responses
from unbraid.sparse._fit import fit_control
from unbraid.sparse.training._training import Autoencoder

FROZEN: dict[str, type[Autoencoder]] = {
    "frozen_decoder": sparse.FrozenDecoder,
    "soft_frozen_decoder": sparse.SoftFrozenDecoder,
    "frozen_encoder": sparse.FrozenEncoder,
}


@dataclass(frozen=True, eq=False, kw_only=True)
class Side:
    """What a system's dictionaries and controls are learned on and scored on."""

    train: Responses
    scored: Responses
    frozen: bool = False
    """Whether the controls that learn half of an autoencoder are made."""
    untrained: tuple[Responses, Responses] | None = None
    """An untrained copy of the system: responses to learn from, and to the alignment stimuli."""


def is_frozen(config: CompareConfig, parts: Split, given: bool) -> bool:
    """Return whether the controls that learn half of an autoencoder are made."""
    return given and parts.apart if config.frozen is None else config.frozen


def controls_of(
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
        "random_expansion": fit_control(train, expansion, rng=expand).encode(scored),
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
