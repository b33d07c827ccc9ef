"""The toy models' autoencoders, all trained as one batch on the stream of the models themselves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from unbraid import sparse, worlds
from unbraid._progress import Progress
from unbraid.errors import TrainingError
from unbraid.studies.known_truth._keep_largest import keep_largest


def train_together(
    models: worlds.ToyModels,
    method: sparse.Longon2025Toy,
    seeds: Sequence[int],
    *,
    steps: int,
    progress: Progress,
) -> list[sparse.Dictionary]:
    """Learn one dictionary a model, as ``sparse.fit(units, method)`` does for each alone.

    Parameters
    ----------
    models : ToyModels
        Their units' answers to their own training stream are learned from, in its order, in one
        pass.
    method : Longon2025Toy
        Its recipe; ``epochs`` is not used.
    seeds : sequence of int
        One a model: of the initial weights.
    steps : int

    Notes
    -----
    Gradients are written out. Nothing but a few thousand stimuli is held at a time, so that one
    pass over millions costs no memory.
    """
    from unbraid._torch import torch

    starts = [
        replace(initial(models, i, method, seed), method=method) for i, seed in enumerate(seeds)
    ]
    enc, bias, atoms, offset = weights = [
        torch.from_numpy(np.stack([np.ascontiguousarray(part(d)) for d in starts]))
        .clone()
        .requires_grad_()
        for part in (
            lambda d: d.encoder.weights,
            lambda d: d.encoder.bias,
            lambda d: d.atoms,
            lambda d: d.offset,
        )
    ]
    optimizer = torch.optim.AdamW(weights, lr=method.learning_rate)
    batches = _batches(models, method.batch_size)
    for step in range(steps):
        y = next(batches)
        with torch.no_grad():
            loss, grads = gradients(y, enc, bias, atoms, offset, method.k, method.aux_weight)
            for weight, grad in zip(weights, grads, strict=True):
                weight.grad = grad
        optimizer.step()
        if step % 50 == 0 or step == steps - 1:
            if not np.isfinite(loss):
                raise TrainingError(f"The loss became {loss} at step {step + 1}.")
            message = f"autoencoders of {models.config.n_units} units, loss {loss:.4f}"
            progress(message, (step + 1) / steps)
    enc, bias, atoms, offset = (weight.detach().numpy() for weight in weights)
    return [
        replace(
            start,
            atoms=atoms[i].copy(),
            offset=offset[i].copy(),
            encoder=sparse.Encoder(
                weights=enc[i].copy(),
                bias=bias[i].copy(),
                activation="topk",
                k=start.k,
                centred=False,
            ),
        )
        for i, start in enumerate(starts)
    ]


def initial(
    models: worlds.ToyModels, model: int, method: sparse.Longon2025Toy, seed: int
) -> sparse.Dictionary:
    """Return the autoencoder of one model before its training: the control."""
    units = models.responses(model, models.training_features(1024))
    return sparse.fit(units, sparse.RandomDictionary(of=method), rng=seed)


def _batches(models: worlds.ToyModels, size: int) -> Iterator:
    """Yield the units' answers (S, B, h) to one batch after another of the training stream."""
    from unbraid._torch import torch

    n_models, n_features, n_units = models.weights.shape
    flat = torch.from_numpy(models.weights).transpose(0, 1).reshape(n_features, -1)
    index = 0
    left = np.empty((0, n_features), np.float32)
    while True:
        while len(left) < size:
            left = np.concatenate([left, models.config.chunk(index, models.stream)])
            index += 1
        z, left = torch.from_numpy(left[:size]), left[size:]
        yield (z @ flat).relu_().view(size, n_models, n_units).transpose(0, 1).contiguous()


def gradients(y, enc, bias, atoms, offset, k: int, aux_weight: float):  # noqa: ANN001, ANN201
    """Loss summed over models, and the gradients of the four weights, on one batch (S, B, h)."""
    from unbraid._torch import torch

    weights = [part.detach().numpy() for part in (enc, bias, atoms, offset)]
    totals = [np.empty_like(part) for part in weights]
    loss = 0.0
    for s, units in enumerate(y.numpy()):
        one, slopes = _of_one(units.T, [part[s] for part in weights], k, aux_weight)
        loss += one
        for total, slope in zip(totals, slopes, strict=True):
            total[s] = slope
    return loss, [torch.from_numpy(total) for total in totals]


def _of_one(y, weights, k, aux_weight):  # noqa: ANN001, ANN202
    """Loss and gradients of one model; stimuli are columns, ``y (h, B)``."""
    enc, bias, atoms, offset = weights
    pre = enc.T @ y + bias[:, None]  # (m, B)
    codes = keep_largest(pre, k)
    active = codes > 0
    dead = np.flatnonzero(~active.any(axis=1))
    residual = y - offset[:, None] - atoms.T @ codes  # (h, B)
    wrong = offset[:, None] + atoms[dead].T @ pre[dead] - residual  # what dead latents leave of it
    loss = float(np.mean(np.square(residual)) + aux_weight * np.mean(np.square(wrong)))
    to_aux = wrong * (2 * aux_weight / y.size)
    to_out = to_aux - residual * (2 / y.size)
    to_codes = (atoms @ to_out) * active
    to_codes[dead] = atoms[dead] @ to_aux
    to_atoms = codes @ to_out.T
    to_atoms[dead] = pre[dead] @ to_aux.T
    to_offset = (to_out + to_aux).sum(axis=1)
    return loss, ((to_codes @ y.T).T, to_codes.sum(axis=1), to_atoms, to_offset)
