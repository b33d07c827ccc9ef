"""Encoders that learn to classify classes, or single instances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid._kernels.threads import one_thread


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TrainedEncoder:
    """A multilayer encoder and the linear classifier on its representation."""

    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    """Weights (n_in, n_out) and bias of each layer."""
    classifier: np.ndarray
    """(n_classes, d) row of each class."""
    normalised: bool
    """Whether representations are brought to the unit sphere."""
    loss: float
    """Mean cross entropy over the last 100 steps, in nats."""

    def represent(self, x: np.ndarray) -> np.ndarray:
        """Return the representation (n, d)."""
        for i, (weights, bias) in enumerate(self.layers):
            x = x @ weights + bias
            if i < len(self.layers) - 1:
                x = np.where(x > 0, x, 0.01 * x)
        return x / np.linalg.norm(x, axis=1, keepdims=True) if self.normalised else x


class Discriminator(Config):
    """A leaky-ReLU encoder and a linear classifier without bias, trained by cross entropy."""

    dimension: int = Field(default=5, ge=1)
    """Of the representation."""
    hidden: tuple[int, ...] = (128, 128, 128)
    """Widths of the hidden layers."""
    normalised: bool = True
    """Whether representations are brought to the unit sphere."""
    steps: int = Field(default=4_000, ge=0)
    """Training steps; 0: the untrained control."""
    batch_size: int = Field(default=1024, ge=1)
    """Observations a step."""
    learning_rate: float = Field(default=1e-2, gt=0)
    """Peak of the one-cycle schedule of Adam."""

    def train(
        self,
        observations: np.ndarray,
        labels: np.ndarray,
        *,
        rng: int | np.random.Generator | None = None,
    ) -> TrainedEncoder:
        """Learn to classify the labels; pass ``range(n)`` as labels for instance discrimination.

        Parameters
        ----------
        observations : array of shape (n, p)
        labels : array of whole numbers of shape (n,), from 0
        rng : int, Generator or None
            Rules initial weights and batches.
        """
        rng = _validate.as_rng(rng)
        x = _validate.as_matrix(observations, "observations").astype(np.float32)
        labels = np.asarray(labels)
        sizes = (x.shape[1], *self.hidden, self.dimension)
        layers = []
        for n_in, n_out in zip(sizes, sizes[1:], strict=False):
            bound = 1 / np.sqrt(n_in)
            layers.append((rng.uniform(-bound, bound, (n_in, n_out)), np.zeros(n_out)))
        classifier = 0.1 * rng.normal(size=(int(labels.max()) + 1, self.dimension))
        with one_thread():
            return self._train(x, labels, layers, classifier, rng)

    def _train(
        self,
        x: np.ndarray,
        labels: np.ndarray,
        start: list[tuple[np.ndarray, np.ndarray]],
        classifier: np.ndarray,
        rng: np.random.Generator,
    ) -> TrainedEncoder:
        from unbraid._torch import functional, torch

        def leaf(array: np.ndarray) -> torch.Tensor:
            return torch.from_numpy(array.astype(np.float32)).requires_grad_()

        layers = [(leaf(weights), leaf(bias)) for weights, bias in start]
        rows = leaf(classifier)
        optimizer = torch.optim.Adam(
            [rows, *(part for layer in layers for part in layer)], lr=self.learning_rate
        )
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=self.learning_rate, total_steps=self.steps + 1
        )
        inputs, targets = torch.from_numpy(x), torch.from_numpy(labels.astype(np.int64))
        late: list[float] = []
        for step in range(self.steps):
            batch = torch.from_numpy(rng.integers(len(x), size=self.batch_size))
            hidden = inputs[batch]
            for weights, bias in layers[:-1]:
                hidden = functional.leaky_relu(hidden @ weights + bias)
            hidden = hidden @ layers[-1][0] + layers[-1][1]
            if self.normalised:
                hidden = functional.normalize(hidden, dim=1)
            loss = functional.cross_entropy(hidden @ rows.T, targets[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            if step >= self.steps - 100:
                late.append(float(loss.detach()))
        return TrainedEncoder(
            layers=tuple((w.detach().numpy(), b.detach().numpy()) for w, b in layers),
            classifier=rows.detach().numpy(),
            normalised=self.normalised,
            loss=float(np.mean(late)) if late else float("nan"),
        )
