"""A dictionary whose method, width and number of active latents are chosen by evidence."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._method import Method
from unbraid.sparse._watch import Watch
from unbraid.sparse.pursuit import Pursuit


class Auto(Method):
    """Chooses width and active latents of a dictionary by units held out of the inference.

    Codes of each stimulus are inferred from three quarters of the units and predict the rest: too
    few active latents leave features out, too many fit what the shown units alone hold. What is
    chosen is the dictionary's ``method``; how, stands in ``evidence.chosen``.
    """

    expansions: tuple[Annotated[float, Field(gt=0)], ...] = (1.0, 2.0, 4.0)
    """Latents a unit to try."""
    most_active: Annotated[int, Field(ge=1)] = 16
    """Most active latents a stimulus to try."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Try, choose, and learn the chosen one in full."""
        p = x.shape[1]
        some = x[rng.choice(len(x), min(len(x), 6000), replace=False)]
        trials = []
        widths = sorted({min(round(e * p), max(2, len(x) // 4)) for e in self.expansions})
        actives = [
            k for k in (1, 2, 3, 4, 6, 8, 12, 16, 24, 32) if k <= min(self.most_active, p // 2)
        ]
        pairs = [(m, k) for m in widths for k in actives or [1] if k < m]
        for at, (m, k) in enumerate(pairs or [(widths[-1], 1)]):
            quick = Pursuit(n_latents=m, k=k, turns=15, restarts=1)
            found = quick.learn(some, rng, Watch())
            error = found.evidence.fvu_held_out_units
            trials.append({"n_latents": m, "k": k, "held_out_units": error,
                           "held_out": found.evidence.fvu_held_out})  # fmt: skip
            watch.news(f"trying {m} latents, {k} active", 0.5 * (at + 1) / len(pairs))
        best = min(trials, key=lambda trial: trial["held_out_units"])
        chosen = Pursuit(n_latents=best["n_latents"], k=best["k"])
        learned = chosen.learn(x, rng, watch)
        return learned.with_evidence(chosen={"trials": trials, "best": best})

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the start of the widest candidate."""
        return Pursuit(expansion=max(self.expansions)).untrained(x, rng)
