"""Toy models of superposition: tied autoencoders, many seeds trained at once on one stream."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid._kernels.threads import one_thread
from unbraid._progress import Progress
from unbraid.errors import TrainingError
from unbraid.worlds.correlated import CorrelatedFeatures
from unbraid.worlds.sparse_features import SparseFeatures, power_law_importance

if TYPE_CHECKING:
    import torch

_BATCHES_A_CHUNK = 50  # batches drawn in one go
_BETAS, _EPSILON = (0.9, 0.999), 1e-8  # of Adam, as torch has them


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ToyModels:
    """Trained toy models: ``units = relu(z W)``, ``z ~ relu(units W^T + b)``."""

    weights: np.ndarray
    """(n_models, n_features, n_units)."""
    biases: np.ndarray
    """(n_models, n_features)."""
    losses: np.ndarray
    """(n_models,) loss of the last 100 steps."""
    config: ToyWorld
    """The options that they were trained with."""
    stream: int
    """Seed of the stream of samples."""

    def __repr__(self) -> str:
        models, features, units = self.weights.shape
        return (
            f"ToyModels({models} models of {units} units and {features} features, "
            f"loss {self.losses.mean():.4f})"
        )

    def __len__(self) -> int:
        return len(self.weights)

    def responses(self, model: int, features: np.ndarray) -> np.ndarray:
        """Units' answers (n, n_units) of one model, float32."""
        return np.maximum(features.astype(np.float32) @ self.weights[model], 0)

    def training_features(self, n: int) -> np.ndarray:
        """First n samples of the stream that the models were trained on, in its order."""
        return np.concatenate(list(self._take(n, first=0)))[:n]

    def held_out_features(self, n: int) -> np.ndarray:
        """Draw n samples of the same world that no model has seen."""
        beyond = -(-self.config.steps // _BATCHES_A_CHUNK)
        return np.concatenate(list(self._take(n, first=beyond)))[:n]

    def _take(self, n: int, first: int) -> Iterator[np.ndarray]:
        size = _BATCHES_A_CHUNK * self.config.batch_size
        for chunk in range(-(-n // size)):
            yield self.config.chunk(first + chunk, self.stream)


class ToyWorld(Config):
    """Tied autoencoders that squeeze sparse features through few rectified units.

    Loss ``mean importance (z - z^)^2``, AdamW (weight decay 0.01), Xavier-normal weights, bias 0
    on the output only, one pass over one stream of samples that all models see in the same order.

    References
    ----------
    Elhage et al. (2022), Toy models of superposition; Longon et al. (2025), Superposition
    disentanglement of neural representations reveals hidden alignment, arXiv 2510.03186.
    """

    n_units: int = Field(default=32, ge=1)
    """Hidden units."""
    features: SparseFeatures | CorrelatedFeatures = SparseFeatures()
    """The world's features."""
    importance: Literal["power_law", "uniform"] = "power_law"
    """Weight of each feature in the loss: ``(1 + 2 i / N)^-2``, or 1."""
    steps: int = Field(default=10_000, ge=1)
    """Training steps."""
    batch_size: int = Field(default=1024, ge=1)
    """Samples a step."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of AdamW."""
    weight_decay: float = Field(default=0.01, ge=0)
    """Of AdamW."""

    def train(
        self,
        n_models: int = 2,
        *,
        rng: int | np.random.Generator | None = None,
        progress: Progress | None = None,
    ) -> ToyModels:
        """Train ``n_models`` that differ in their initial weights only, as one batch.

        Parameters
        ----------
        n_models : int
        rng : int, Generator or None
            Seed of the stream of samples and the initial weights; torch's generator is left alone.
        progress : callable, optional
            Called as ``progress(message, fraction)``.

        Raises
        ------
        TrainingError
            The loss is not finite.

        Notes
        -----
        Gradients are written out, model by model (five products of the size of the batch). Cost a
        step and model: ``10 batch_size n_features n_units`` operations.
        """
        rng = _validate.as_rng(rng)
        stream = int(rng.integers(2**63))
        spread = np.sqrt(2 / (self.features.n_features + self.n_units))
        shape = (n_models, self.features.n_features, self.n_units)
        start = rng.normal(scale=spread, size=shape)
        with one_thread():
            return self._train(start, stream, progress)

    def chunk(self, index: int, stream: int) -> np.ndarray:
        """Return samples ``index * 50 batches`` and on of a stream, float32."""
        rng = np.random.default_rng((stream, index))
        n = _BATCHES_A_CHUNK * self.batch_size
        return self.features.sample(n, rng=rng, dtype=np.float32)

    def importances(self) -> np.ndarray:
        """Weight of each feature in the loss, (n_features,)."""
        n = self.features.n_features
        return power_law_importance(n) if self.importance == "power_law" else np.ones(n)

    def _train(self, start: np.ndarray, stream: int, progress: Progress | None) -> ToyModels:
        from unbraid._torch import torch

        weights = torch.from_numpy(start.astype(np.float32)).requires_grad_()
        biases = torch.zeros(start.shape[:2], requires_grad=True)
        importance = torch.from_numpy(self.importances().astype(np.float32))
        optimizer = torch.optim.AdamW(
            [weights, biases],
            lr=self.learning_rate,
            weight_decay=self.weight_decay,
            betas=_BETAS,
            eps=_EPSILON,
        )
        late = torch.zeros(len(start), dtype=torch.float64)
        n_late = min(100, self.steps)
        for step in range(self.steps):
            at = step % _BATCHES_A_CHUNK
            if at == 0:
                chunk = torch.from_numpy(self.chunk(step // _BATCHES_A_CHUNK, stream))
            z = chunk[at * self.batch_size :][: self.batch_size]
            with torch.no_grad():
                loss, weights.grad, biases.grad = gradients(z, weights, biases, importance)
            optimizer.step()
            if step >= self.steps - n_late:
                late += loss
            if progress is not None and (step % 100 == 0 or step == self.steps - 1):
                message = f"toy models of {self.n_units} units, loss {loss.mean():.4f}"
                progress(message, (step + 1) / self.steps)
        losses = (late / n_late).numpy()
        if not np.isfinite(losses).all():
            raise TrainingError(f"The loss became {losses}; lower learning_rate.")
        return ToyModels(
            weights=weights.detach().numpy(),
            biases=biases.detach().numpy(),
            losses=losses,
            config=self,
            stream=stream,
        )


def gradients(
    z: torch.Tensor, weights: torch.Tensor, biases: torch.Tensor, importance: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Loss of each model and the gradients of its weights and biases on one batch (B, N)."""
    from unbraid._torch import torch
    from unbraid.worlds._toy_kernel import slope_of_loss

    batch, weight, bias = (part.detach().numpy() for part in (z, weights, biases))
    to_weights, to_biases = np.empty_like(weight), np.empty_like(bias)
    losses = np.empty(len(weight))
    for s, w in enumerate(weight):  # one model's arrays stay in cache
        units = np.maximum(batch @ w, 0)  # (B, h)
        slope = units @ w.T  # (B, N): what comes out, then the loss's slope
        losses[s] = slope_of_loss(slope, bias[s], batch, importance.numpy(), to_biases[s])
        back = slope @ w
        back *= units > 0
        np.matmul(slope.T, units, out=to_weights[s])
        to_weights[s] += batch.T @ back
    return torch.from_numpy(losses), torch.from_numpy(to_weights), torch.from_numpy(to_biases)
