"""SPARC: all systems choose the active latents together, each tells their values."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.crosscoders._crosscoder import Crosscoder

_DEAD_MOST = 512  # dead latents that the auxiliary loss may use for a stimulus


class Sparc(Crosscoder):
    r"""Sparse autoencoder for aligned representation of concepts, of several systems.

    With scores ``s_i = (x_i - c_i) E_i``, the k largest entries of ``sum_i s_i`` are active in all
    systems, with the values ``z_i = relu(s_i)`` of each:

    .. math:: \sum_i e(x_i, z_i D_i) + w \sum_{i \ne j} e(x_j, z_i D_j) + a \sum_i e(r_i, u_i D_i)

    ``e`` is the mean squared error over stimuli in shares of the batch's mean squared size, ``r_i``
    what is left of system i, ``u_i`` scores of latents that are dead in it. Atoms of each system
    have unit length.

    Notes
    -----
    Indices are equal in all systems *by construction*: that is no evidence. Evidence is the code
    inferred from one system alone, ``Joint.encode({"a": x}, by="encoder")``. The dictionary's
    encoder takes the mean of all systems' scores; encoders have no bias. Cost a step: 6 S B m P.

    References
    ----------
    SPARC (2025), arXiv 2507.06265.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import Sparc, fit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (400, 6)) * (rng.random((400, 6)) < 0.2)
    >>> both = z @ rng.normal(size=(6, 9))
    >>> fit(both, Sparc(n_latents=6, k=2, sizes=(4, 5), training={"steps": 50}), rng=0).atoms.shape
    (6, 9)
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish."""
    cross_weight: Annotated[float, Field(ge=0)] = 1.0
    """Weight w of what one system's values tell of another."""

    tells_alone: ClassVar[bool] = True

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid.sparse.crosscoders._universal_net import learn_universal

        k = active(self.k, self.width(x.shape[1]), x.shape[1])
        return learn_universal(self, x, rng, log, self.objective(k), k)

    def objective(self, k: int):  # noqa: ANN201 - torch is imported where it is needed
        """Return the loss of a batch, ``objective(systems) -> Seen``."""
        from unbraid._torch import torch
        from unbraid.sparse.crosscoders._universal_net import Seen, System, kept

        def objective(systems: list[System]) -> Seen:
            scores = [each.h @ each.encoder.T for each in systems]
            together = torch.stack([each.detach() for each in scores]).sum(0)
            top = torch.topk(together, k, dim=1, sorted=False).indices
            chosen = torch.zeros_like(together, dtype=torch.bool).scatter(1, top, True)
            codes = [torch.where(chosen, each.relu(), 0) for each in scores]
            loss, wrong = together.new_zeros(()), together.new_zeros(())
            for i, own in enumerate(codes):
                for j, each in enumerate(systems):
                    size = each.h.detach().square().sum(1).mean().clamp_min(1e-12)
                    left = each.h - own @ each.atoms
                    square = left.square().sum(1).mean()
                    loss = loss + (1.0 if i == j else self.cross_weight) * square / size
                    wrong = wrong + square.detach() / len(systems)
                    if i == j and self.training.aux_weight and bool(each.dead.any()):
                        asleep = torch.where(each.dead, scores[i], 0).relu()
                        most = min(_DEAD_MOST, asleep.shape[1])
                        asleep = torch.where(kept(asleep.detach(), most), asleep, 0)
                        rest = left.detach() - asleep @ each.atoms
                        loss = loss + self.training.aux_weight * rest.square().sum(1).mean() / size
            fired = torch.stack([(each.detach() > 0).any(0) for each in codes])
            return Seen(loss, wrong, fired)

        return objective

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms, of unit length in each system, the encoders tied to them."""
        from unbraid.sparse.crosscoders._universal_net import untrained

        return untrained(self, x, rng, active(self.k, self.width(x.shape[1]), x.shape[1]))
