"""A TopK autoencoder of which a part is held where it began, or near it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import active, say_if_few
from unbraid.sparse.autoencoders._autoencode import assemble, random_start
from unbraid.sparse.autoencoders._sparse_net import SparseNet
from unbraid.sparse.training._loop import StepResult, train
from unbraid.sparse.training._memory import announce
from unbraid.sparse.training._source import TrainingStimuli, mean
from unbraid.sparse.training._training import Autoencoder

Hold = Callable[[SparseNet, np.ndarray], None]
"""``hold(net, start)`` brings parts of the net back after a step; ``start`` (m, p): first atoms."""


class _Held:
    """A net in training whose every step ends with ``hold``."""

    def __init__(self, net: SparseNet, hold: Hold) -> None:
        self.net, self.hold, self.first = net, hold, net.atoms.copy()

    def state(self) -> dict[str, np.ndarray]:
        return self.net.state()

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        self.net.restore(arrays)

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        show = self.net.step(x, rate, share)
        self.hold(self.net, self.first)
        return show

    def error(self, x: np.ndarray) -> float:
        return self.net.error(x)


def learn(
    method: Autoencoder,
    x: np.ndarray,
    k: int | None,
    rng: np.random.Generator,
    log: Log,
    hold: Hold,
) -> Dictionary:
    """Train a TopK autoencoder from ``start``'s random atoms under ``hold``."""
    m = method.width(x.shape[1])
    announce(x, m, method.training, log, dense=False)
    begun = start(method, x, k, rng)
    say_if_few(log, len(x), m)
    center = mean(x)
    source = TrainingStimuli(x, method.training.held_out, rng, center, log.order)
    net = SparseNet(begun.atoms, begun.k or 1, len(source), method.training, anneal=0.0)
    fvu = train(_Held(net, hold), source, method.training, rng, log, method.describe())
    weights = {"atoms": net.atoms, "encoder": net.encoder, "bias": net.bias, "offset": net.offset}
    made = assemble(
        method,
        {**weights, "scale": np.asarray(source.scale)},
        center,
        activation="topk",
        k=net.k,
    )
    return made.with_evidence(fvu_held_out=fvu)


def start(
    method: Autoencoder, x: np.ndarray, k: int | None, rng: np.random.Generator
) -> Dictionary:
    """Return random atoms of unit length, the encoder tied to them."""
    m = method.width(x.shape[1])
    return random_start(method, x, m, rng, activation="topk", k=active(k, m, x.shape[1]))
