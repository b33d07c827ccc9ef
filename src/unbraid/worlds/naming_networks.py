"""Two small networks that learn to name the same handwriting through a narrow linear layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid._kernels.threads import one_thread
from unbraid._optional import need_torch
from unbraid._progress import Progress
from unbraid.responses import Responses
from unbraid.worlds.canvases import N_FEATURES, Canvases, CanvasSplit, HandwrittenCanvases

if TYPE_CHECKING:
    import torch


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NamingNetwork:
    """One trained network: what its narrow layer answered, and how well it names."""

    name: str
    """Which of the networks it is."""
    training: Responses
    """(n_train, n_units) answers to the training canvases."""
    evaluation: Responses
    """(n_evaluation, n_units) answers to the evaluation canvases."""
    accuracy: float
    """Share of evaluation canvases named exactly (all 40 features right)."""
    training_accuracy: float
    """The same share of the training canvases."""

    def __repr__(self) -> str:
        n, p = self.evaluation.shape
        return (
            f"NamingNetwork({self.name!r}: {p} units, {n} canvases, accuracy {self.accuracy:.3f})"
        )


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class NamingWorld:
    """Canvases, the truth about them, and what the networks answered."""

    training: Canvases
    """Canvases that the networks learned from, with the truth about them."""
    evaluation: Canvases
    """Canvases that show other handwriting."""
    networks: tuple[NamingNetwork, ...]
    """One for each random start."""
    config: NamingNetworks
    """The options that made the world."""


class NamingNetworks(Config):
    """Convolutional networks that name 40 features through ``n_units`` units.

    Each is two convolutions, a hidden layer and the narrow layer whose ``n_units`` answers are
    recorded, read out linearly into 40 logits (binary cross entropy). With fewer units than
    features the networks must superpose them; different seeds arrange them differently.
    """

    n_units: int = Field(default=16, ge=1)
    """Units of the narrow layer."""
    relu: bool = False
    """Whether the narrow layer is rectified, which makes recovery much harder."""
    n_networks: int = Field(default=2, ge=1)
    """How many networks, alike but for their seed."""
    epochs: int = Field(default=8, ge=1)
    """Passes over the training canvases."""
    learning_rate: float = Field(default=4e-3, gt=0)
    """Peak of the one-cycle schedule of Adam."""
    batch_size: int = Field(default=128, ge=1)
    """Canvases a training step."""
    canvases: HandwrittenCanvases = HandwrittenCanvases()
    """The canvases that the networks see."""

    def build(
        self,
        *,
        rng: int | np.random.Generator | None = None,
        progress: Progress | None = None,
    ) -> NamingWorld:
        """Compose the canvases, train the networks, record their narrow layers.

        Parameters
        ----------
        rng : int, Generator or None
            One seed for canvases, initial weights and batches; torch's own generator is
            neither read nor set.
        progress : callable, optional
            Called as ``progress(message, fraction)`` a few times a second.

        Returns
        -------
        NamingWorld

        Notes
        -----
        About 9 s a network on one core with the default options.
        """
        need_torch()
        rng = _validate.as_rng(rng)
        split = self.canvases.sample(rng=rng)
        seeds = rng.spawn(self.n_networks)
        networks = []
        for index, seed in enumerate(seeds):
            name = f"network {chr(ord('A') + index)}" if index < 26 else f"network {index}"
            tell = _part(progress, index, self.n_networks)
            with one_thread():
                networks.append(self._train(name, split, seed, tell))
        return NamingWorld(
            training=split.training,
            evaluation=split.evaluation,
            networks=tuple(networks),
            config=self,
        )

    def _train(
        self,
        name: str,
        split: CanvasSplit,
        rng: np.random.Generator,
        progress: Progress | None,
    ) -> NamingNetwork:
        from unbraid._torch import functional, torch

        images = torch.from_numpy(split.training.images)[:, None]
        targets = torch.from_numpy(split.training.features.astype(np.float32))
        weights = _draw_weights(self.n_units, rng)
        size = min(self.batch_size, len(images))
        n_batches = len(images) // size
        n_steps = self.epochs * n_batches
        optimizer = torch.optim.Adam(weights, lr=self.learning_rate)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.learning_rate, total_steps=n_steps + 1
        )
        for step in range(n_steps):
            if step % n_batches == 0:
                order = torch.from_numpy(rng.permutation(len(images)))
            batch = order[step % n_batches * size :][:size]
            units = _narrow(images[batch], weights, self.relu)
            logits = _name(units, weights)
            loss = (
                functional.binary_cross_entropy_with_logits(logits, targets[batch], reduction="sum")
                / size
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if progress is not None and (step % 25 == 0 or step == n_steps - 1):
                progress(f"training {name}, loss {loss.item():.2f}", (step + 1) / n_steps)
        return self._record(name, split, weights)

    def _record(self, name: str, split: CanvasSplit, weights: list[torch.Tensor]) -> NamingNetwork:
        from unbraid._torch import torch

        made_by = {"system": name, "layer": "narrow", **self.describe()}
        responses, accuracies = [], []
        with torch.no_grad():
            for canvases in (split.training, split.evaluation):
                parts = torch.from_numpy(canvases.images)[:, None].split(4096)
                units = torch.cat([_narrow(part, weights, self.relu) for part in parts])
                named = _name(units, weights).numpy() > 0
                accuracies.append(float((named == (canvases.features > 0.5)).all(axis=1).mean()))
                responses.append(
                    Responses(units.numpy(), stimuli=canvases.stimuli, made_by=made_by)
                )
        return NamingNetwork(
            name=name,
            training=responses[0],
            evaluation=responses[1],
            training_accuracy=accuracies[0],
            accuracy=accuracies[1],
        )


def _part(progress: Progress | None, index: int, count: int) -> Progress | None:
    """Return a progress over one network's share of the whole."""
    if progress is None:
        return None
    return lambda message, fraction: progress(message, (index + fraction) / count)


_SHAPES = ((32, 1, 5, 5), (96, 32, 4, 4), (256, 96 * 4))  # two convolutions, one hidden layer


def _draw_weights(n_units: int, rng: np.random.Generator) -> list[torch.Tensor]:
    """Weight and bias of every layer, uniform within 1/sqrt(fan in), drawn by NumPy."""
    from unbraid._torch import torch

    weights = []
    for shape in (*_SHAPES, (n_units, 256), (N_FEATURES, n_units)):
        bound = 1 / np.sqrt(np.prod(shape[1:]))
        for size in (shape, shape[:1]):
            values = rng.uniform(-bound, bound, size=size).astype(np.float32)
            weights.append(torch.from_numpy(values).requires_grad_())
    return weights


def _narrow(images: torch.Tensor, weights: list[torch.Tensor], relu: bool) -> torch.Tensor:
    """Answers of the narrow layer, (batch, n_units)."""
    from unbraid._torch import functional

    hidden = functional.conv2d(
        images, weights[0], weights[1], stride=2, padding=2
    ).relu()  # (b, 32, 8, 8)
    hidden = functional.conv2d(hidden, weights[2], weights[3], stride=4).relu()  # (b, 96, 2, 2)
    hidden = functional.linear(hidden.flatten(1), weights[4], weights[5]).relu()
    units = functional.linear(hidden, weights[6], weights[7])
    return units.relu() if relu else units


def _name(units: torch.Tensor, weights: list[torch.Tensor]) -> torch.Tensor:
    from unbraid._torch import functional

    return functional.linear(units, weights[8], weights[9])
