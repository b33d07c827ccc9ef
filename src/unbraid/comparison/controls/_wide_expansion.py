"""Control of predictions: random ReLU units of several widths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid.responses import Responses

_ENOUGH = 1024  # units of the widest expansion at least
_NUMBERS = 2**24  # of an expansion: 128 MiB in double precision; wider ones are cut


@dataclass(frozen=True, eq=False, kw_only=True)
class WideExpansion:
    """Random ReLU units, ``relu((x - mean) W)``, of which ridge takes as many as predict best.

    It tests prediction, not recovery: with ever more units, ridge from them approaches regression
    with the arc-cosine kernel, which predicts any smooth function of the units when stimuli are
    many. What codes predict beyond it is not due to a nonlinearity alone. What they do not predict
    beyond it may still be features: matchings show that. The units are in an order, and the first
    1, 4 or 16 times as many as latents (at least 1,024) are candidates, one chosen for each target
    on inner folds.
    """

    train: Responses
    """Training stimuli, about whose mean the units are centred."""
    scored: Responses
    widths: tuple[int, ...]
    seed: int

    def expanded(self) -> Responses:
        """Return the expansion of the alignment stimuli; made when it is scored, and not kept."""
        widest = self.widths[-1]
        method = sparse.RandomExpansion(n_latents=widest, k=widest)
        random = method.untrained(self.train.toarray(), np.random.default_rng(self.seed))
        values = (random.transformed(self.scored.toarray()) - random.offset) @ random.atoms.T
        return Responses(np.maximum(values, 0, out=values), stimuli=self.scored.stimuli)


def widths(n_latents: int, n: int, p: int) -> tuple[int, ...]:
    """Return the widths m, 4 m and max(1024, 16 m), cut to what 2^24 numbers hold.

    A cut leaves at least max(m, 1024) units, for n stimuli of p units.
    """
    most = max(n_latents, _ENOUGH, _NUMBERS // max(n, p))
    wanted = (n_latents, 4 * n_latents, max(_ENOUGH, 16 * n_latents))
    return tuple(sorted({min(width, most) for width in wanted}))


def warnings_of_widths(wide: Any) -> list[str]:
    """Return a line where an expansion is narrower than requested, to save memory."""
    wanted = 0 if wide is None else max(_ENOUGH, 16 * wide.widths[0])
    if wide is None or wide.widths[-1] >= wanted:
        return []
    return [
        f"The widest random expansion has {wide.widths[-1]:,} units in place of {wanted:,}, which "
        f"would hold more than 2^24 numbers for {len(wide.scored):,} stimuli: predictions were "
        "compared with a weaker control."
    ]
