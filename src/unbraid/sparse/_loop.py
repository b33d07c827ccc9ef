"""The loop around every trained autoencoder: batches, rate, held-out checks, the best state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from unbraid.errors import TrainingError
from unbraid.sparse._training import Training
from unbraid.sparse._watch import Watch

_CHECKS = 20
_HELD_ROWS = 20_000


@dataclass(frozen=True)
class News:
    """What a step tells."""

    loss: float
    fvu: float
    dead: float


class Net(Protocol):
    """A model in training."""

    def step(self, x: np.ndarray, rate: float, share: float) -> News:
        """Take one optimiser step; ``share`` of the training is done."""

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error as it would be at the end of the training."""

    def state(self) -> dict[str, np.ndarray]:
        """Return every array that the rest of the training depends on, shared, not copied."""


def split(
    x: np.ndarray, held_out: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and the rows held out."""
    n_held = min(_HELD_ROWS, round(held_out * len(x)))
    order = rng.permutation(len(x))
    return np.sort(order[n_held:]), np.sort(order[:n_held])


def train(
    net: Net,
    x: np.ndarray,
    held: np.ndarray,
    training: Training,
    rng: np.random.Generator,
    watch: Watch,
) -> float:
    """Train ``net`` in place on ``x``; return its held-out FVU (NaN where nothing is held out).

    The state kept is the one with the least held-out error.
    """
    n = len(x)
    steps, batch = training.steps_for(n), training.batch_for(n)
    every = max(1, steps // _CHECKS)
    total = float(np.square(held, dtype=np.float64).sum())
    best, best_state, waited = np.inf, {}, 0
    order, cursor = rng.permutation(n), 0
    started = time.monotonic()
    for step in range(steps):
        if cursor + batch > n:
            order, cursor = rng.permutation(n), 0
        rows = order[cursor : cursor + batch]
        cursor += batch
        news = net.step(x[rows], training.rate(step, steps), step / steps)
        if not np.isfinite(news.loss):
            raise TrainingError(
                f"The loss became {news.loss} at step {step + 1} of {steps}; lower "
                f"training.learning_rate (now {training.learning_rate})."
            )
        if (step + 1) % every and step + 1 < steps:
            continue
        numbers = {"step": step + 1, "loss": news.loss, "fvu": news.fvu, "dead": news.dead}
        if total > 0:
            error = net.error(held)
            numbers["held_out"] = error / total
            if error < best * (1 - 1e-4):
                best, waited = error, 0
                best_state = {name: array.copy() for name, array in net.state().items()}
            else:
                waited += 1
        numbers["seconds"] = time.monotonic() - started
        watch.record((step + 1) / steps, **numbers)
        if waited >= training.patience:
            break
    for name, array in net.state().items():
        if name in best_state:
            array[...] = best_state[name]
    return best / total if total > 0 else float("nan")
