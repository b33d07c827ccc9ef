"""Training of dictionaries with an encoder for each system, whose codes all decode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from unbraid._torch import torch
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import say_if_few
from unbraid.sparse.autoencoders import _autoencode
from unbraid.sparse.crosscoders._crosscoder import Crosscoder
from unbraid.sparse.training._descent import descent_here
from unbraid.sparse.training._loop import StepResult, train
from unbraid.sparse.training._memory import announce
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._source import TrainingStimuli, mean


class System(NamedTuple):
    """What belongs to one system in training."""

    encoder: torch.Tensor
    """(m, p_s)"""
    atoms: torch.Tensor
    """(m, p_s), rows of unit length"""
    h: torch.Tensor
    """(B, p_s): its responses without its offset"""
    dead: torch.Tensor
    """(m,), boolean"""


class Seen(NamedTuple):
    """What an objective returns of a batch."""

    loss: torch.Tensor
    wrong: torch.Tensor
    """Squared error a stimulus, summed over systems and averaged over whose code it was."""
    fired: torch.Tensor
    """(S, m), boolean."""


Objective = Callable[[list[System]], Seen]


class UniversalNet:
    """Encoders and atoms of several systems in training; rows of the weights are latents."""

    def __init__(
        self,
        atoms: np.ndarray,
        parts: list[slice],
        objective: Objective,
        n_train: int,
        training: Any,
    ) -> None:
        self.parts, self.objective, self.ranks = parts, objective, Ranks()
        weights = {"offset": np.zeros(atoms.shape[1])}
        for number, part in enumerate(parts):
            weights |= {f"atoms.{number}": atoms[:, part], f"encoder.{number}": atoms[:, part]}
        unit = tuple(f"atoms.{number}" for number in range(len(parts)))
        self.descent = descent_here(weights, unit=unit)
        self.weights: dict[str, torch.Tensor] = self.descent.tensors()
        self.dead_after = training.dead_after * n_train
        self.since = np.zeros((len(parts), len(atoms)), np.int64)

    def state(self) -> dict[str, np.ndarray]:
        """Return all arrays by name."""
        return {**self.descent.state(), "since": self.since}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        self.descent.restore(arrays)
        self.since[...] = arrays["since"]

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:  # noqa: ARG002
        """Take one Adam step on a batch (B, P)."""
        seen = self.objective(self._systems(self._sent(x)))
        seen.loss.backward()
        dead = float((self.since > self.dead_after).mean())
        losses = [float(seen.loss.detach()), float(seen.wrong.detach())]
        fired = seen.fired.cpu().numpy().ravel()
        done = self.ranks.average(self.descent.gradient, len(x), fired, losses)
        self.descent.step(rate)
        self.since += done.n
        self.since[done.fired.reshape(self.since.shape)] = 0
        return StepResult(done.losses[0], done.losses[1] / x.shape[1], dead)

    def error(self, x: np.ndarray) -> float:
        """Return the squared error of ``x``, averaged over whose code it was."""
        total = 0.0
        with torch.no_grad():
            for rows in self._sent(x).split(4096):
                total += float(self.objective(self._systems(rows)).wrong) * len(rows)
        return total

    def _sent(self, array: np.ndarray) -> torch.Tensor:
        return torch.from_numpy(array).to(self.descent.device)

    def _systems(self, data: torch.Tensor) -> list[System]:
        h = data - self.weights["offset"]
        dead = self._sent(self.since > self.dead_after)
        return [
            System(self.weights[f"encoder.{s}"], self.weights[f"atoms.{s}"], h[:, part], dead[s])
            for s, part in enumerate(self.parts)
        ]


def learn_universal(
    method: Crosscoder, x: Any, rng: np.random.Generator, log: Log, objective: Objective, k: int
) -> Dictionary:
    """Train the objective; the dictionary's encoder is the mean of all systems' scores."""
    training, p = method.training, x.shape[1]
    m, parts = method.width(p), method.parts(p)
    announce(x, m, training, log, dense=True)
    say_if_few(log, len(x), m)
    start = start_of(m, parts, rng)
    source = TrainingStimuli(x, training.held_out, rng, mean(x))
    net = UniversalNet(start, parts, objective, len(source), training)
    fvu = train(net, source, training, rng, log, method.describe())
    learned = {name: w.astype(np.float64) for name, w in net.descent.weights.items()}
    atoms, encoder = (
        np.hstack([learned[f"{kind}.{s}"] for s in range(len(parts))])
        for kind in ("atoms", "encoder")
    )
    weights = _stacked(atoms, encoder / len(parts), learned["offset"], source.scale)
    found = _autoencode.assemble(method, weights, source.offset, activation="topk", k=k)
    return found.with_evidence(fvu_held_out=fvu)


def untrained(method: Crosscoder, x: Any, rng: np.random.Generator, k: int) -> Dictionary:
    """Return what training would start from."""
    m, parts = method.width(x.shape[1]), method.parts(x.shape[1])
    atoms = start_of(m, parts, rng)
    weights = _stacked(atoms, atoms / len(parts), np.zeros(x.shape[1]), 1.0)
    return _autoencode.assemble(method, weights, mean(x), activation="topk", k=k)


def _stacked(
    atoms: np.ndarray, encoder: np.ndarray, offset: np.ndarray, scale: float
) -> dict[str, np.ndarray]:
    """Return weights by the names that a dictionary is assembled from; there is no bias."""
    return {"atoms": atoms, "encoder": encoder, "bias": np.zeros(len(atoms)), "offset": offset,
            "scale": np.asarray(scale)}  # fmt: skip


def start_of(m: int, parts: list[slice], rng: np.random.Generator) -> np.ndarray:
    """Return random atoms (m, P), those of each system of unit length."""
    atoms = rng.normal(size=(m, sum(part.stop - part.start for part in parts)))
    for part in parts:
        atoms[:, part] /= np.linalg.norm(atoms[:, part], axis=1, keepdims=True)
    return atoms


def kept(scores: torch.Tensor, k: int) -> torch.Tensor:
    """Return which k scores (B, m) of each row are largest, among the positive ones."""
    top = torch.topk(scores, k, dim=1, sorted=False).indices
    return torch.zeros_like(scores, dtype=torch.bool).scatter(1, top, True) & (scores > 0)
