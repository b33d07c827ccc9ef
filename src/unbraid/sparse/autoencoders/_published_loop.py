"""The loop around the published recipes: batches in order, torch's Adam, a state that resumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from unbraid._torch import torch
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.training._checkpoint import Checkpoint, check_loss, identity

_REPORTS = 50  # points of a curve of training


class Recipe(NamedTuple):
    """What a published training consists of."""

    weights: list[torch.Tensor]
    """Encoder (p, m), its bias, atoms (m, p), offset."""
    optimizer: torch.optim.Optimizer
    loss: Callable[[torch.Tensor, torch.Tensor], Loss]
    """``loss(y, silent)`` of a batch (B, p); ``silent (m,)`` counts batches without firing."""
    batch_size: int
    epochs: int
    shuffled: bool


class Loss(NamedTuple):
    """A loss and what is reported beside it."""

    value: torch.Tensor
    residual: torch.Tensor
    fired: torch.Tensor
    dead: torch.Tensor


def follow(recipe: Recipe, x: Any, start: Dictionary, rng: np.random.Generator, log: Log) -> None:
    """Train the recipe's weights in place on ``x (n, p)``; the last partial batch is dropped."""
    n = len(x)
    batch = min(recipe.batch_size, n)
    per_pass = max(1, n // batch)
    steps = recipe.epochs * per_pass
    silent = torch.zeros(start.n_latents)
    began, first = rng.bit_generator.state, 0
    checkpoint = None
    if log.checkpoint is not None:
        weights = {str(i): w.detach().numpy() for i, w in enumerate(recipe.weights)}
        digest = identity(weights, x[:: max(1, n // 1000)], {**start.method.describe(), "n": n})
        checkpoint = Checkpoint(log.checkpoint, digest)
        saved = checkpoint.load()
        if saved is not None:
            arrays, numbers = saved
            first, began = numbers["step"], numbers["began"]
            log.history[:] = numbers["history"]
            _restore(recipe, arrays, first)
            silent.copy_(torch.from_numpy(arrays["silent"]))
    rng.bit_generator.state = began
    order = rng.permutation(n) if recipe.shuffled else np.arange(n)
    for step in range(first, steps):
        if step % per_pass == 0 and step > 0 and recipe.shuffled:
            began = rng.bit_generator.state
            order = rng.permutation(n)
        at = step % per_pass * batch
        rows = np.ascontiguousarray(start.transformed(x[order[at : at + batch]]), np.float32)
        y = torch.from_numpy(rows)
        loss = recipe.loss(y, silent)
        recipe.optimizer.zero_grad()
        loss.value.backward()
        recipe.optimizer.step()
        silent = torch.where(loss.fired, 0, silent + 1)
        if (step + 1) % max(1, steps // _REPORTS) and step + 1 < steps:
            continue
        _report(log, step, steps, loss, y, checkpoint)
        if checkpoint is not None:
            numbers = {"step": step + 1, "began": began, "history": log.history}
            checkpoint.save({**_state(recipe), "silent": silent.numpy()}, numbers)
    if checkpoint is not None:
        checkpoint.clear()


def _state(recipe: Recipe) -> dict[str, np.ndarray]:
    arrays = {f"weight.{i}": w.detach().numpy() for i, w in enumerate(recipe.weights)}
    for i, moments in recipe.optimizer.state_dict()["state"].items():
        arrays |= {f"{name}.{i}": moments[name].numpy() for name in ("exp_avg", "exp_avg_sq")}
    return arrays


def _restore(recipe: Recipe, arrays: dict[str, np.ndarray], step: int) -> None:
    with torch.no_grad():
        for i, weight in enumerate(recipe.weights):
            weight.copy_(torch.from_numpy(arrays[f"weight.{i}"]))
    moments = {
        i: {
            "step": torch.tensor(float(step)),
            "exp_avg": torch.from_numpy(arrays[f"exp_avg.{i}"]),
            "exp_avg_sq": torch.from_numpy(arrays[f"exp_avg_sq.{i}"]),
        }
        for i in range(len(recipe.weights))
    }
    groups = recipe.optimizer.state_dict()["param_groups"]
    recipe.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def _report(
    log: Log, step: int, steps: int, loss: Loss, y: torch.Tensor, checkpoint: Checkpoint | None
) -> None:
    value = float(loss.value.detach())
    check_loss(value, f"{step + 1} of {steps}", "learning_rate", checkpoint)
    variance = float((y - y.mean(0)).square().sum())
    fvu = float(loss.residual.detach().square().sum()) / variance if variance else float("nan")
    share = float(loss.dead.float().mean())
    log.record((step + 1) / steps, step=step + 1, loss=value, fvu=fvu, dead=share)
