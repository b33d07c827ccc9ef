"""BatchTopK autoencoder: k active latents a stimulus on average."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse import _autoencode
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._method import Method, active, width
from unbraid.sparse._training import Training
from unbraid.sparse._watch import Watch


class BatchTopK(Method):
    r"""BatchTopK sparse autoencoder: the k B most excited latents of a batch of B stimuli stay.

    Stimuli share the budget as they need. To encode, one threshold takes the batch's place: the one
    above which k latents a training stimulus are active on average; it is saved with the weights.

    References
    ----------
    Bussmann et al. (2024), BatchTopK sparse autoencoders.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents a stimulus, on average; none: the most that so many units can tell apart."""
    expansion: Annotated[float, Field(gt=0)] = 4.0
    """Latents a unit."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    training: Training = Training()
    """How it is trained."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse._dense_net import scores

        start = self.untrained(x, rng)
        k = start.k or 1

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            codes = keep_batch(scores(w, h), k)
            return codes, codes.new_zeros(())

        w, fvu, seen = _autoencode.learn(x, start, rule, self.training, rng, watch)
        learned = _autoencode.assemble(
            self, w, x.mean(0, dtype=np.float64), activation="jumprelu", k=k,
            threshold=threshold_for(w, seen, k),
        )  # fmt: skip
        return learned.with_evidence(fvu_held_out=fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = width(self.n_latents, self.expansion, x.shape[1])
        k = active(self.k, m, x.shape[1])
        return _autoencode.random_start(self, x, m, rng, activation="topk", k=k)


def keep_batch(scores, k: int):  # noqa: ANN001, ANN201 - torch tensors
    """Keep the k largest positive entries a row on average, (B, m)."""
    import torch

    positive = scores.relu()
    most = min(k * len(scores), positive.numel())
    edge = torch.topk(positive.flatten(), most, sorted=False).values.min()
    return torch.where(positive >= edge.clamp_min(1e-12), positive, 0)


def threshold_for(weights: dict[str, np.ndarray], x: np.ndarray, k: int) -> np.ndarray:
    """Return the one threshold above which k latents a stimulus are active on average (m,)."""
    rows = x[:20_000]
    scores = (rows - weights["offset"]) @ weights["encoder"].T + weights["bias"]
    most = min(k * len(rows), scores.size)
    edge = float(np.partition(scores.ravel(), scores.size - most)[scores.size - most])
    return np.full(len(weights["bias"]), max(0.0, np.nextafter(edge, -np.inf)))
