"""TopK autoencoder: the k most excited latents describe each stimulus."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid._kernels.device import device_here
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active, say_if_few
from unbraid.sparse.autoencoders._sparse_net import SparseNet
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.training._loop import Net, train
from unbraid.sparse.training._memory import announce
from unbraid.sparse.training._source import TrainingStimuli, mean
from unbraid.sparse.training._training import Autoencoder


class TopK(Autoencoder):
    r"""TopK sparse autoencoder, robust by default.

    ``codes = TopK_k(relu((x - b) E + c))``, ``x ~ b + codes A`` with atoms (rows of A) of unit
    length, trained by Adam on the squared error.

    Notes
    -----
    Against the faults of published trainers: the offset b starts at the mean of the responses; the
    encoder starts at the atoms; latents that fire for none of the stimuli in a pass learn from what
    the others leave (and this auxiliary loss reaches the encoder); more latents are active at
    first; the state with the least held-out error is kept. Cost a step: B m p + 4 B k p.

    References
    ----------
    Makhzani and Frey (2014), k-sparse autoencoders; Gao et al. (2024), Scaling and evaluating
    sparse autoencoders.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish, up to 32."""
    anneal: Annotated[float, Field(ge=0, lt=1)] = 0.3
    """Share of the training over which the active latents fall from 4 k to k."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        m = self.width(x.shape[1])
        announce(x, m, self.training, log, dense=False)
        start = self.untrained(x, rng)
        say_if_few(log, len(x), m)
        center = mean(x)
        source = TrainingStimuli(x, self.training.held_out, rng, center, log.order)
        options = (start.atoms, start.k or 1, len(source), self.training)
        if (device := device_here()) is None:
            net: Net = SparseNet(*options, anneal=self.anneal)
        else:
            from unbraid.sparse.autoencoders._device_topk_net import DeviceTopKNet

            net = DeviceTopKNet(*options, anneal=self.anneal, device=device)
        fvu = train(net, source, self.training, rng, log, self.describe())
        w = net.state()
        learned = self._dictionary(
            atoms=w["atoms"],
            encoder=w["encoder"],
            bias=w["bias"] * source.scale,
            offset=center + w["offset"] * source.scale,
            k=start.k or 1,
        )
        return learned.with_evidence(fvu_held_out=fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        p = x.shape[1]
        m = self.width(p)
        k = active(self.k, m, p)
        atoms = rng.normal(size=(m, p))
        atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
        return self._dictionary(atoms=atoms, encoder=atoms, bias=np.zeros(m), offset=mean(x), k=k)

    def _dictionary(
        self,
        *,
        atoms: np.ndarray,
        encoder: np.ndarray,
        bias: np.ndarray,
        offset: np.ndarray,
        k: int,
    ) -> Dictionary:
        kind = np.float32
        return Dictionary(
            atoms=atoms.astype(kind),
            offset=offset.astype(kind),
            encoder=Encoder(
                weights=np.ascontiguousarray(encoder.T, kind),
                bias=bias.astype(kind),
                activation="topk",
                k=k,
            ),
            method=self,
            k=k,
        )
