"""What stands for a layer beside its units: learned codes, and controls of equal width."""

from __future__ import annotations

import numpy as np

from unbraid import sparse
from unbraid._progress import Progress, part

FAMILY = {
    "units": "neurons",
    "codes": "unbraided",
    "codes, wide": "unbraided",
    "pursuit": "unbraided",
    "untrained": "untrained",
    "random top-k": "expansion",
    "random relu": "expansion",
    "random relu, wide": "expansion",
}
"""Source -> what it stands for; a search is fair where families have as many members."""
EXPANSIONS = ("random top-k", "random relu")
_FEW = 10_000  # vectors that a control's offset, or a pursuit, is learned from


def methods(
    n_units: int, *, expansion: float, k: int | None, steps: int | None, search: bool = False
) -> dict[str, sparse.Method]:
    """Return the methods by source for a layer of ``n_units`` channels.

    ``codes``: a TopK autoencoder of ``expansion`` latents per channel and k active (none: as many
    as the channels can separate). ``search`` adds one of twice the width with twice the active
    latents, a dictionary by pursuit, and a random expansion of twice the width.
    """
    m = round(expansion * n_units)
    training = sparse.Training(steps=steps, learning_rate=3e-3)
    topk = sparse.TopK(k=k, n_latents=m, training=training)
    found: dict[str, sparse.Method] = {
        "codes": topk,
        "untrained": sparse.RandomDictionary(of=topk),
        "random top-k": sparse.RandomExpansion(n_latents=m, k=k),
        "random relu": sparse.RandomExpansion(n_latents=m, k=m),
    }
    if search and k is not None:
        found |= {
            "codes, wide": sparse.TopK(k=2 * k, n_latents=2 * m, training=training),
            "pursuit": sparse.Pursuit(n_latents=m, k=k, iterations=8, restarts=1, cycles=0),
            "random relu, wide": sparse.RandomExpansion(n_latents=2 * m, k=2 * m),
        }
    return found


def learn(
    x: np.ndarray, chosen: dict[str, sparse.Method], rng: np.random.Generator, tell: Progress
) -> dict[str, sparse.Dictionary | None]:
    """Return a dictionary for each source; none stands for the units themselves."""
    few = x[rng.choice(len(x), min(len(x), _FEW), replace=False)]
    learned: dict[str, sparse.Dictionary | None] = {"units": None}
    for i, (name, method) in enumerate(chosen.items()):
        mine = part(tell, i / len(chosen), (i + 1) / len(chosen), f"{name}: ")
        own = rng.spawn(1)[0]
        if isinstance(method, sparse.RandomExpansion):  # its atoms, all that is fitted, are unused
            learned[name] = method.untrained(few, own)
        else:
            rows = x if isinstance(method, sparse.TopK) else few
            learned[name] = sparse.fit(rows, method, rng=own, progress=mine)
    return learned
