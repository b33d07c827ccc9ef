"""The loop around every trained autoencoder: batches, rate, held-out checks, the best state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from unbraid.errors import TrainingError
from unbraid.sparse._checkpoint import Checkpoint
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
    best, waited, first, seconds = np.inf, 0, 0, 0.0
    best_state: dict[str, np.ndarray] = {}
    checkpoint = None
    if watch.checkpoint is not None:
        checkpoint = Checkpoint(watch.checkpoint, net.state(), x)
    order, cursor = rng.permutation(n), 0
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        arrays, numbers = saved
        for name, array in net.state().items():
            array[...] = arrays[f"now.{name}"]
        best_state = {k[5:]: v for k, v in arrays.items() if k.startswith("best.")}
        order, cursor = arrays["order"], numbers["cursor"]
        best = numbers["best"] if numbers["best"] is not None else np.inf
        waited, first, seconds = numbers["waited"], numbers["step"], numbers["seconds"]
        watch.history[:] = numbers["history"]
        rng.bit_generator.state = numbers["rng"]
    started = time.monotonic() - seconds
    for step in range(first, steps):
        if waited >= training.patience:
            break
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
        line = {"step": step + 1, "loss": news.loss, "fvu": news.fvu, "dead": news.dead}
        if total > 0:
            error = net.error(held)
            line["held_out"] = error / total
            if error < best * (1 - 1e-4):
                best, waited = error, 0
                best_state = {name: array.copy() for name, array in net.state().items()}
            else:
                waited += 1
        line["seconds"] = time.monotonic() - started
        watch.record((step + 1) / steps, **line)
        if checkpoint is not None:
            checkpoint.save(
                {
                    **{f"now.{name}": array for name, array in net.state().items()},
                    **{f"best.{name}": array for name, array in best_state.items()},
                    "order": order,
                },
                {
                    "step": step + 1,
                    "cursor": cursor,
                    "best": best if np.isfinite(best) else None,
                    "waited": waited,
                    "seconds": line["seconds"],
                    "history": watch.history,
                    "rng": rng.bit_generator.state,
                },
            )
    for name, array in net.state().items():
        if name in best_state:
            array[...] = best_state[name]
    if checkpoint is not None:
        checkpoint.clear()
    return best / total if total > 0 else float("nan")
