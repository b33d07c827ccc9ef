"""Relaxed archetypal autoencoder: every atom lies close to the convex hull of the responses."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from unbraid._kernels.device import device_here
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active, say_if_few
from unbraid.sparse.autoencoders._autoencode import random_start
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.training._loop import train
from unbraid.sparse.training._memory import announce
from unbraid.sparse.training._source import TrainingStimuli, mean
from unbraid.sparse.training._training import Autoencoder

_HULL_ROWS = 20_000  # that the points are the centroids of


class Archetypal(Autoencoder):
    r"""Relaxed archetypal TopK autoencoder: ``A = W C + L``, rows of W on the simplex.

    C are points of the responses (centroids of k-means; the responses themselves where there are
    few), ``|L_i| <= relaxation`` in units of the root mean square length of a centred response.
    ``codes = TopK_k(relu((x - b) E + c))``, ``x ~ b + codes A``.

    Notes
    -----
    Every atom, added to the mean, is within the relaxation of a mixture of real responses: seeds
    agree more, and an atom can be shown as a stimulus. It cannot find a feature that is far from
    all mixtures. Atoms keep their length; the encoder is free to scale the codes, so that the
    published common factor is not needed. Points are made of at most 20,000 stimuli.

    References
    ----------
    Fel et al. (2025), Archetypal SAE: adaptive and stable dictionary learning for concept
    extraction in large vision models, arXiv 2502.12892, equation 4.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: the most that so many units can distinguish."""
    n_points: Annotated[int, Field(ge=2)] | None = None
    """Points that atoms are mixtures of; none: twice the latents."""
    relaxation: Annotated[float, Field(ge=0)] = 0.1
    """How far an atom may be from the hull, in lengths of a typical centred response."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        from unbraid._torch import torch
        from unbraid.sparse.autoencoders._dense_net import DenseNet, scores

        p = x.shape[1]
        m = self.width(p)
        k = active(self.k, m, p)
        announce(x, m, self.training, log, dense=True)
        say_if_few(log, len(x), m)
        center = mean(x)
        source = TrainingStimuli(x, self.training.held_out, rng, center, log.order)
        points = _points(source.sample(_HULL_ROWS), self.n_points or 2 * m, rng)
        mix = np.zeros((m, len(points)))
        mix[np.arange(m), rng.choice(len(points), m, replace=m > len(points))] = 1
        atoms = mix @ points
        square = np.square(atoms).sum(1, keepdims=True)
        weights = {
            "mix": mix,
            "relax": np.zeros((m, p)),
            "encoder": atoms / np.maximum(square, 1e-12),
            "bias": np.zeros(m),
            "offset": np.zeros(p),
        }
        corners, most = (
            torch.from_numpy(points).to(device_here() or "cpu"),
            self.relaxation * float(np.sqrt(p)),
        )

        def compose(w: Any) -> Any:
            with torch.no_grad():  # back to the simplex and the ball, as published
                w["mix"].relu_()
                lost = w["mix"].sum(1) < 1e-6
                w["mix"][lost] = 1.0
                w["mix"] /= w["mix"].sum(1, keepdim=True)
                length = w["relax"].norm(dim=1, keepdim=True)
                w["relax"] *= (most / length.clamp_min(1e-12)).clamp_max(1.0)
            return w["mix"] @ corners + w["relax"]

        def rule(w, h, share):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            z = scores(w, h).relu()
            top = torch.topk(z, k, dim=1, sorted=False)
            return torch.zeros_like(z).scatter(1, top.indices, top.values), z.new_zeros(())

        net = DenseNet(weights, rule, len(source), self.training, unit=False, compose=compose)
        fvu = train(net, source, self.training, rng, log, self.describe())
        w = net.descent.weights
        return Dictionary(
            atoms=compose(net.weights).detach().cpu().numpy() * np.float32(source.scale),
            offset=(center + w["offset"] * source.scale).astype(np.float32),
            encoder=Encoder(
                weights=np.ascontiguousarray(w["encoder"].T / np.float32(source.scale)),
                bias=w["bias"].copy(),
                activation="topk",
                k=k,
            ),
            method=self,
            k=k,
        ).with_evidence(fvu_held_out=fvu)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        m = self.width(x.shape[1])
        k = active(self.k, m, x.shape[1])
        return random_start(self, x, m, rng, activation="topk", k=k)


def _points(x: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``n`` centroids of ``x``, or ``x`` itself where it is no longer."""
    if n >= len(x):
        return x
    from sklearn.cluster import MiniBatchKMeans

    seed = int(rng.integers(2**31))
    model = MiniBatchKMeans(n, n_init=1, batch_size=max(1024, n), random_state=seed).fit(x)
    return np.asarray(model.cluster_centers_, np.float32)
