"""BatchTopK crosscoder: the k latents per stimulus, on average, that tell most of all systems."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.autoencoders.batch_topk import keep_batch
from unbraid.sparse.crosscoders._crosscoder import Crosscoder, lengths
from unbraid.sparse.training._training import Share

_THRESHOLD_ROWS = 4096  # on which the threshold is set
_FIRST = 10  # times k at the start, as published


class BatchTopKCrosscoder(Crosscoder):
    r"""One code of several systems, its sparsity counted and not paid for.

    ``f = relu(sum_s x^s E^s + b)``; of a batch of B stimuli the k B entries stay with the largest
    ``f_j sum_s |d_j^s|``; the loss is ``sum_s |x^s - f D^s - c^s|^2``, atoms of any length.

    An L1 penalty is paid for the length of each system's part, so that small parts are pushed to
    zero (shrinkage) and a shared latent costs as much as one latent for each system (decoupling).
    Here a latent costs one place whatever systems it lies in. To encode, one threshold of ``f_j
    sum_s |d_j^s|`` takes the batch's place, above which k latents a training stimulus are active.

    Notes
    -----
    Differs from the published code: the loss is the squared error that the paper states (the code
    takes the root); the offset starts at the mean, not the geometric median; the threshold comes
    from 4,096 training stimuli at the end, not from a moving average; each system's part of the
    start is random, as systems differ in their units. Cost a step: 6 B m P.

    References
    ----------
    Minder et al. (2025), Overcoming sparsity artifacts in crosscoders, arXiv 2504.02922; Lindsey et
    al. (2024), Sparse crosscoders.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import BatchTopKCrosscoder, fit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (400, 6)) * (rng.random((400, 6)) < 0.2)
    >>> both = z @ rng.normal(size=(6, 9))
    >>> method = BatchTopKCrosscoder(n_latents=6, k=1, sizes=(4, 5), training={"steps": 50})
    >>> fit(both, method, rng=0).atoms.shape
    (6, 9)
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus, on average; none: the most that this many units can separate."""
    anneal: Share = 0.3
    """Share of the training over which the active latents fall from 10 k to k."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``."""
        done = _autoencode.learn(
            self, x, rng, log, self.rule(x.shape[1]), unit=False, mask=self.mask(x.shape[1])
        )
        return self._thresholded(done, self._k(x.shape[1]))

    def rule(self, n_units: int) -> Any:
        """Return the rule of activation, ``rule(weights, h, share) -> (codes, penalty)``."""
        from unbraid._torch import torch
        from unbraid.sparse.autoencoders._dense_net import scores

        parts, k, m = self.parts(n_units), self._k(n_units), self.width(n_units)
        first = min(_FIRST * k, max(k, m // 4))

        def rule(w, h, share):  # noqa: ANN001, ANN202 - torch tensors
            codes = scores(w, h).relu()
            now = k if share >= self.anneal else round(first + (k - first) * share / self.anneal)
            size = codes.detach() * lengths(w["atoms"].detach(), parts)
            return torch.where(keep_batch(size, now) > 0, codes, 0), codes.new_zeros(())

        return rule

    def mask(self, n_units: int) -> np.ndarray | None:  # noqa: ARG002
        """Return which units (m, P) each latent may read and write; None: all."""
        return None

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        p = x.shape[1]
        self.parts(p)
        return _autoencode.random_start(
            self, x, self.width(p), rng, activation="topk", k=self._k(p), mask=self.mask(p)
        )

    def _k(self, n_units: int) -> int:
        return active(self.k, self.width(n_units), n_units)

    def _thresholded(self, done: _autoencode.TrainedWeights, k: int) -> Dictionary:
        w, x = done.weights, done.source.sample(_THRESHOLD_ROWS)
        length = sum(np.linalg.norm(w["atoms"][:, part], axis=1) for part in self.parts(x.shape[1]))
        size = np.maximum((x - w["offset"]) @ w["encoder"].T + w["bias"], 0) * length
        most = min(k * len(x), size.size)
        edge = float(np.partition(size.ravel(), size.size - most)[size.size - most])
        threshold = max(0.0, edge) / np.maximum(length, 1e-12) * (1 - 1e-6)
        learned = _autoencode.assemble(
            self, w, done.mean, activation="jumprelu", k=k, threshold=threshold
        )
        return learned.with_evidence(fvu_held_out=done.fvu)
