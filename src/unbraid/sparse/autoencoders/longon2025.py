"""The two autoencoders of Longon et al. (2025), as their published code trains them."""

from __future__ import annotations

from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.errors import TrainingError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, active, width
from unbraid.sparse.inference._encoder import Encoder


class Longon2025Toy(Method):
    r"""The toy model's autoencoder: ``z = TopK_k(relu(y E + c))``, ``y ~ z A + b``.

    Loss ``mean (y - y^)^2 + 0.1 mean (d - (y - y^))^2`` where ``d = (dead * pre) A + b`` and the
    dead latents are those silent in the batch: all are used, without ReLU, and the residual is not
    detached. AdamW (weight decay 0.01), one pass in the given order, Xavier-normal weights, no
    centring, no constraint on the atoms.

    References
    ----------
    Longon et al. (2025), Superposition disentanglement of neural representations reveals hidden
    alignment, arXiv 2510.03186, and its published code.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = 64
    """Number of latents; the paper uses the number of true features."""
    expansion: Annotated[float, Field(gt=0)] = 4.0
    """Latents a unit, where ``n_latents`` is none."""
    k: Annotated[int, Field(ge=1)] = 7
    """Active latents per stimulus."""
    learning_rate: Annotated[float, Field(gt=0)] = 1e-3
    """Of AdamW."""
    batch_size: Annotated[int, Field(ge=1)] = 1024
    """Stimuli a step."""
    epochs: Annotated[int, Field(ge=1)] = 1
    """Passes over the stimuli."""
    aux_weight: Annotated[float, Field(ge=0)] = 0.1
    """Weight of the dead latents' loss."""

    in_batches: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Zero is what the published encoder counts from."""
        return False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x`` in its own order."""
        from unbraid._torch import torch
        from unbraid.sparse.autoencoders._published_loop import Loss, Recipe, follow

        start = self.untrained(x, rng)
        enc, bias, atoms, offset = weights = _parameters(start)

        def loss(y, silent):  # noqa: ANN001, ANN202, ARG001 - torch tensors
            pre = y @ enc + bias
            z = _keep_top(pre.relu(), start.k or 1)
            residual = y - (z @ atoms + offset)
            dead = (z == 0).all(0)
            aux = torch.where(dead, pre, 0) @ atoms + offset
            value = residual.square().mean() + self.aux_weight * (aux - residual).square().mean()
            return Loss(value, residual, ~dead, dead)

        optimizer = torch.optim.AdamW(weights, lr=self.learning_rate)
        recipe = Recipe(weights, optimizer, loss, self.batch_size, self.epochs, False)
        follow(recipe, x, start, rng, log)
        return _trained(self, start, weights)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return Xavier-normal weights, biases 0."""
        p = x.shape[1]
        m = width(self.n_latents, self.expansion, p)
        spread = np.sqrt(2 / (p + m))
        return _dictionary(
            self,
            rng.normal(scale=spread, size=(p, m)),
            np.zeros(m),
            rng.normal(scale=spread, size=(m, p)),
            np.zeros(p),
            active(self.k, m, p),
        )


class Longon2025Dnn(Method):
    r"""The deep networks' autoencoder: each stimulus brought to mean 0 and sd 1 over units first.

    ``z = relu(TopK_k(x E + c))``, ``x ~ z A + b``. Loss ``mean_batch |x - x^|^2 + aux_weight
    mean_batch |d A - (x - x^)|^2`` with d the pre-activations of the latents silent for more than
    ``dead_steps`` batches. Adam (epsilon 6.25e-10), shuffled, last partial batch dropped,
    Kaiming-uniform weights, no constraint on the atoms.

    Notes
    -----
    The published text leaves open whether the residual is detached and whether the decoder's bias
    enters ``d A``; here it is neither detached nor does it enter, and at weight 1e-4 it hardly
    matters.

    References
    ----------
    Longon et al. (2025), Superposition disentanglement of neural representations reveals hidden
    alignment, arXiv 2510.03186, and its published code (version of 2025-09-16).
    """

    expansion: Annotated[float, Field(gt=0)] = 2.0
    """Latents a unit."""
    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of latents, in place of ``expansion``."""
    k: Annotated[int, Field(ge=1)] = 8
    """Active latents per stimulus."""
    learning_rate: Annotated[float, Field(gt=0)] = 4e-4
    """Of Adam."""
    batch_size: Annotated[int, Field(ge=1)] = 64
    """Stimuli a step."""
    epochs: Annotated[int, Field(ge=1)] = 100
    """Passes over the stimuli."""
    aux_weight: Annotated[float, Field(ge=0)] = 1e-4
    """Weight of the dead latents' loss."""
    dead_steps: Annotated[int, Field(ge=1)] = 32
    """Batches without firing after which a latent is dead."""

    in_batches: ClassVar[bool] = True

    @property
    def has_no_origin(self) -> bool:
        """Zero is what the published encoder counts from."""
        return False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``, shuffled."""
        from unbraid._torch import torch
        from unbraid.sparse.autoencoders._published_loop import Loss, Recipe, follow

        start = self.untrained(x, rng)
        enc, bias, atoms, offset = weights = _parameters(start)

        def loss(y, silent):  # noqa: ANN001, ANN202 - torch tensors
            pre = y @ enc + bias
            z = _keep_top(pre, start.k or 1).relu()
            residual = y - (z @ atoms + offset)
            dead = silent > self.dead_steps
            value = residual.square().sum(1).mean()
            if bool(dead.any()):
                aux = torch.where(dead, pre, 0) @ atoms
                value = value + self.aux_weight * (aux - residual).square().sum(1).mean()
            return Loss(value, residual, (z > 0).any(0), dead)

        optimizer = torch.optim.Adam(weights, lr=self.learning_rate, eps=6.25e-10)
        recipe = Recipe(weights, optimizer, loss, self.batch_size, self.epochs, True)
        follow(recipe, x, start, rng, log)
        return _trained(self, start, weights)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return Kaiming-uniform weights (fan-in as torch counts it for x E and z A), biases 0."""
        p = x.shape[1]
        m = width(self.n_latents, self.expansion, p)
        return _dictionary(
            self,
            rng.uniform(-1, 1, (p, m)) * np.sqrt(6 / m),
            np.zeros(m),
            rng.uniform(-1, 1, (m, p)) * np.sqrt(6 / p),
            np.zeros(p),
            active(self.k, m, p),
        )


def _dictionary(
    method: Method, enc: np.ndarray, bias: np.ndarray, atoms: np.ndarray, offset: np.ndarray, k: int
) -> Dictionary:
    enc, bias, atoms, offset = (a.astype(np.float32) for a in (enc, bias, atoms, offset))
    encoder = Encoder(weights=enc, bias=bias, activation="topk", k=k, centred=False)
    return Dictionary(
        atoms=atoms,
        offset=offset,
        encoder=encoder,
        method=method,
        k=k,
        transform="layer_norm" if isinstance(method, Longon2025Dnn) else "none",
    )


def _parameters(start: Dictionary) -> list:
    from unbraid._torch import torch

    if start.encoder is None:  # cannot be: both recipes have one
        raise TrainingError("There is no encoder to train.")
    arrays = (start.encoder.weights, start.encoder.bias, start.atoms, start.offset)
    return [torch.from_numpy(array.copy()).requires_grad_() for array in arrays]


def _trained(method: Method, start: Dictionary, weights: list) -> Dictionary:
    enc, bias, atoms, offset = (weight.detach().numpy() for weight in weights)
    return _dictionary(method, enc, bias, atoms, offset, start.k or 1)


def _keep_top(scores, k: int):  # noqa: ANN001, ANN202 - torch tensors
    from unbraid._torch import torch

    top = torch.topk(scores, k, dim=1)
    return torch.zeros_like(scores).scatter(1, top.indices, top.values)
