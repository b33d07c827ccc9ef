"""Crosscoder of which some latents are set aside for each system."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.errors import InputError
from unbraid.sparse.crosscoders.batch_topk_crosscoder import BatchTopKCrosscoder


class PartitionedCrosscoder(BatchTopKCrosscoder):
    r"""BatchTopK crosscoder whose latents are dedicated: to one system each, or to all.

    The first ``own_share`` m latents read and write the first system's units only, the next as many
    the second's, and so on; the others all. Masks lie on encoder and decoder; biases are free.

    Notes
    -----
    More of the features of one system are found, and more that are shared are called its own. What
    a latent *may* do is no evidence: ``unbraid.joint`` tests each on held-out stimuli as it tests
    those of any method. Of one system alone (``sizes`` of one number) all latents are shared.

    References
    ----------
    Dedicated feature crosscoders (2026), arXiv 2602.11729.
    """

    own_share: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Share of the latents that is set aside for each system."""

    def mask(self, n_units: int) -> np.ndarray | None:
        """Return which units (m, P) each latent may read and write."""
        parts, m = self.parts(n_units), self.width(n_units)
        if len(parts) == 1:
            return None
        own = max(1, round(self.own_share * m))
        if own * len(parts) > m:
            raise InputError(
                f"own_share must leave latents for all: {len(parts)} times {self.own_share:g} of "
                f"{m} latents is too much; lower it."
            )
        allowed = np.ones((m, n_units), np.float32)
        for number, part in enumerate(parts):
            rows = slice(number * own, (number + 1) * own)
            allowed[rows] = 0
            allowed[rows, part] = 1
        return allowed
