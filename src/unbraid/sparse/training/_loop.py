"""The loop around every trained autoencoder: batches, rate, held-out checks, the best state."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from unbraid.sparse._log import Log
from unbraid.sparse.training._checkpoint import Checkpoint, check_loss, identity
from unbraid.sparse.training._ranks import Ranks
from unbraid.sparse.training._source import TrainingStimuli
from unbraid.sparse.training._training import Training

_CHECKS = 20  # of held-out stimuli in a training: points of a curve, each a pass over them


@dataclass(frozen=True)
class StepResult:
    """What a step returns."""

    loss: float
    """Mean over the batch, penalties included."""
    fvu: float
    """Squared error of the batch relative to the variance of the training stimuli."""
    dead: float
    """Share of the latents that are dead."""


class Net(Protocol):
    """A model in training."""

    def step(self, x: np.ndarray, rate: float, share: float) -> StepResult:
        """Take one optimiser step on this process' part of a batch; ``share`` is done so far."""

    def error(self, x: np.ndarray) -> float:
        """Return the summed squared error as it would be at the end of the training."""

    def state(self) -> dict[str, np.ndarray]:
        """Return every array that the rest of the training depends on, copied or not."""

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state that ``state`` returned."""


def train(
    net: Net,
    source: TrainingStimuli,
    training: Training,
    rng: np.random.Generator,
    log: Log,
    options: dict[str, Any],
) -> float:
    """Train ``net`` in place; return its held-out FVU (NaN where nothing is held out).

    The state kept is the one with the least held-out error. ``options`` name the method, so that a
    checkpoint is not taken up by another.
    """
    n, ranks = len(source), Ranks()
    steps, batch = training.steps_for(n), training.batch_for(n)
    every = max(1, steps // _CHECKS)
    lower = f"training.learning_rate (now {training.learning_rate})"
    held, log.held = ranks.share(source.held), source.held_rows
    total = float(np.square(source.held, dtype=np.float64).sum())
    digest = identity(net.state(), source.sample(1000), {**options, "n": n})
    ranks.check_same(digest, "responses, method and seed")
    checkpoint = None if log.checkpoint is None else Checkpoint(log.checkpoint, digest)
    now = _Now(dict(rng.bit_generator.state))
    best_state: dict[str, np.ndarray] = {}
    saved = checkpoint.load() if checkpoint is not None else None
    if saved is not None:
        arrays, numbers = saved
        net.restore({k[4:]: v for k, v in arrays.items() if k.startswith("now.")})
        best_state = {k[5:]: v for k, v in arrays.items() if k.startswith("best.")}
        log.history[:] = numbers.pop("history")
        now = _Now(**numbers)
    rng.bit_generator.state = now.pass_began
    order = source.order(rng)
    started = time.monotonic() - now.seconds
    while now.step < steps and now.waited < training.patience:
        if now.cursor + batch > n:
            now.pass_began, now.cursor = dict(rng.bit_generator.state), 0
            order = source.order(rng)
        rows = source.batch(order, now.cursor, batch)
        now.cursor += batch
        rate, share = training.rate(now.step, steps), now.step / steps
        show = net.step(np.ascontiguousarray(ranks.share(rows)), rate, share)
        now.step += 1
        where = f"{now.step} of {steps}"
        check_loss(show.loss, where, lower, checkpoint)
        if now.step % every and now.step < steps:
            continue
        line = {"step": now.step, "loss": show.loss, "fvu": show.fvu, "dead": show.dead}
        if total > 0:
            wrong = np.array([net.error(held)])
            ranks.add(wrong)
            check_loss(float(wrong[0]), where, lower, checkpoint)
            line["held_out"] = wrong[0] / total
            if now.best is None or wrong[0] < now.best * (1 - 1e-4):
                now.best, now.waited = float(wrong[0]), 0
                best_state = {name: array.copy() for name, array in net.state().items()}
            else:
                now.waited += 1
        line["seconds"] = now.seconds = time.monotonic() - started
        log.record(now.step / steps, **line)
        if checkpoint is not None and ranks.rank == 0:
            arrays = {f"now.{name}": array for name, array in net.state().items()}
            arrays |= {f"best.{name}": array for name, array in best_state.items()}
            checkpoint.save(arrays, {**vars(now), "history": log.history})
    if best_state:
        net.restore(best_state)
    if checkpoint is not None and ranks.rank == 0:
        checkpoint.clear()
    return now.best / total if now.best is not None else float("nan")


@dataclass
class _Now:
    """Where a training stands."""

    pass_began: dict[str, Any]
    """State of the generator from which the order of this pass over the stimuli was made."""
    cursor: int = 0
    step: int = 0
    best: float | None = None
    waited: int = 0
    seconds: float = 0.0
