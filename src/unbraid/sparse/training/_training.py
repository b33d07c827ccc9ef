"""How an autoencoder is trained: the options that all of them share."""

from __future__ import annotations

from abc import ABC
from typing import Annotated, ClassVar

from pydantic import Field

from unbraid._config import Config
from unbraid.sparse._method import Method, width

Share = Annotated[float, Field(ge=0, lt=1)]


class Training(Config):
    """Options of the training of an autoencoder."""

    steps: Annotated[int, Field(ge=1)] | None = None
    """Optimiser steps; none: 40 passes over the stimuli, but at least 1500 and at most 4000."""
    batch_size: Annotated[int, Field(ge=1)] | None = None
    """Stimuli a step; none: 1024, or an eighth of the stimuli where that is less."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-2
    """Of Adam, for responses scaled to unit variance a unit."""
    warm_up: Share = 0.02
    """Share of the steps over which the rate rises from 0."""
    decay: Share = 0.4
    """Share of the steps over which the rate falls to 0 at the end."""
    held_out: Share = 0.1
    """Share of the stimuli kept out, to stop in time and keep the best state; 0: none."""
    patience: Annotated[int, Field(ge=1)] = 6
    """Checks on the held-out stimuli (20 a training) without gain before it stops."""
    dead_after: Annotated[float, Field(gt=0)] = 1.0
    """Passes over the stimuli without firing after which a latent counts as dead."""
    aux_weight: Annotated[float, Field(ge=0)] = 1 / 32
    """Weight of the auxiliary loss, by which dead latents learn what the others leave."""

    def steps_for(self, n: int) -> int:
        """Return the number of steps for ``n`` training stimuli."""
        if self.steps is not None:
            return self.steps
        return min(4000, max(1500, 40 * n // self.batch_for(n)))

    def batch_for(self, n: int) -> int:
        """Return the number of stimuli per step."""
        return min(n, self.batch_size or min(1024, max(16, n // 8)))

    def rate(self, step: int, steps: int) -> float:
        """Return the learning rate of a step, the first being 0."""
        up = min(1.0, (step + 1) / max(1.0, self.warm_up * steps))
        down = min(1.0, (steps - step) / max(1.0, self.decay * steps))
        return self.learning_rate * up * down


class Autoencoder(Method, ABC):
    """Base of the methods that train an encoder together with the atoms."""

    expansion: Annotated[float, Field(gt=0)] = 4.0
    """Latents a unit."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    training: Training = Training()
    """How it is trained."""

    in_batches: ClassVar[bool] = True
    on_device: ClassVar[bool] = True

    def width(self, n_units: int) -> int:
        """Return the number of latents for so many units."""
        return width(self.n_latents, self.expansion, n_units)
