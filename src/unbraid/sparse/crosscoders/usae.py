"""Universal sparse autoencoder: any system tells the code of all."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.crosscoders._crosscoder import Crosscoder


class Usae(Crosscoder):
    r"""Universal sparse autoencoder: an encoder and atoms for each system, one space of codes.

    ``z_i = TopK(relu((x_i - c_i) E_i))`` of each system i must decode all systems j:

    .. math:: \frac{1}{S} \sum_i \Big( \sum_j |x_j - c_j - z_i D_j|_1
              + w \sum_j |x_j - c_j - z_i D_j - u_i D_j|_2^2 / p_j \Big)

    averaged over stimuli; ``u_i`` are the codes of the upper half of the latents that TopK left
    out, and residuals are constants in the second term. Atoms of each system have unit length.

    Notes
    -----
    The objective that the paper states, over all encoders in each step; the published code draws
    one encoder a step and steps that system's optimiser only, so that what the other decoders
    should learn is cleared before they step. Differs: linear encoders in place of layers with
    batch norm; Adam with the rate of ``training``. Atoms of unit length in *every* system describe
    features that all have; private ones are not. Evidence of sharing is what one system's code
    tells of another, ``Joint.encode({"a": x}, by="encoder")``; the dictionary's own encoder takes
    the mean of all systems' scores. Cost a step: 6 S B m P.

    References
    ----------
    Thasarathan et al. (2025), Universal sparse autoencoders, arXiv 2502.03714.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import Usae, fit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (400, 6)) * (rng.random((400, 6)) < 0.2)
    >>> both = z @ rng.normal(size=(6, 9))
    >>> fit(both, Usae(n_latents=6, k=2, sizes=(4, 5), training={"steps": 50}), rng=0).atoms.shape
    (6, 9)
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish."""
    left_out_weight: Annotated[float, Field(ge=0)] = 0.1
    """Weight w of what the upper half of the latents left out should learn."""

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

        def of_one(own: System, systems: list[System]) -> tuple[torch.Tensor, ...]:
            scores = (own.h @ own.encoder.T).relu()
            chosen = kept(scores.detach(), k)
            codes = torch.where(chosen, scores, 0)
            rest = torch.where(chosen, 0, scores)
            half = torch.where(kept(rest.detach(), rest.shape[1] // 2), rest, 0)
            loss, wrong = scores.new_zeros(()), scores.new_zeros(())
            for each in systems:
                left = each.h - codes @ each.atoms
                loss = loss + left.abs().sum(1).mean()
                wrong = wrong + left.detach().square().sum(1).mean()
                if self.left_out_weight:
                    again = left.detach() - half @ each.atoms
                    loss = loss + self.left_out_weight * again.square().mean()
            return loss, wrong, (codes.detach() > 0).any(0)

        def objective(systems: list[System]) -> Seen:
            found = [of_one(own, systems) for own in systems]
            loss, wrong = (torch.stack([each[at] for each in found]).mean() for at in (0, 1))
            return Seen(loss, wrong, torch.stack([each[2] for each in found]))

        return objective

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms, of unit length in each system, the encoders tied to them."""
        from unbraid.sparse.crosscoders._universal_net import untrained

        return untrained(self, x, rng, active(self.k, self.width(x.shape[1]), x.shape[1]))
