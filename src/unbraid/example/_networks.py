"""Networks that name handwriting through a narrow linear layer, in NumPy alone; a second each."""

from __future__ import annotations

import numpy as np

from unbraid.worlds import Canvases

N_UNITS = 16  # fewer than the 40 features: they must share units
# Of the hidden layer; side of a quadrant in pixels, and quadrants
_FILTERS, _SIDE, _PLACES = 64, 8, 4
_EPOCHS, _BATCH, _RATE = 12, 128, 6e-3  # of a training of about a second
_WARM_UP = 0.2  # share of the steps over which the rate rises; it then falls to 0
_BETAS = 0.9, 0.999  # of Adam, as published

Weights = list[np.ndarray]
"""Filters, hidden to narrow, narrow to names; each followed by its bias."""


def untrained(n_names: int, rng: np.random.Generator) -> Weights:
    """Draw weights uniform within 1/sqrt(inputs), biases 0."""
    sizes = (_SIDE**2, _FILTERS), (_FILTERS * _PLACES, N_UNITS), (N_UNITS, n_names)
    weights = []
    for inputs, outputs in sizes:
        bound = 1 / np.sqrt(inputs)
        weights.append(rng.uniform(-bound, bound, (inputs, outputs)).astype(np.float32))
        weights.append(np.zeros(outputs, np.float32))
    return weights


def trained(canvases: Canvases, start: Weights, rng: np.random.Generator) -> Weights:
    """Train by Adam (Kingma and Ba, 2015) on the sum of the names' binary cross entropies."""
    patches = _patches(canvases.images)
    truth = canvases.features.astype(np.float32)
    weights = [each.copy() for each in start]
    moments = [(np.zeros_like(each), np.zeros_like(each)) for each in weights]
    n_batches = len(patches) // _BATCH
    n_steps, step = _EPOCHS * n_batches, 0
    for _ in range(_EPOCHS):
        order = rng.permutation(len(patches))
        for batch in np.split(order[: n_batches * _BATCH], n_batches):
            step += 1
            share = step / n_steps
            rate = _RATE * min(share / _WARM_UP, (1 - share) / (1 - _WARM_UP))
            for each, gradient, (mean, square) in zip(
                weights, _gradients(patches[batch], truth[batch], weights), moments, strict=True
            ):
                mean += (1 - _BETAS[0]) * (gradient - mean)
                square += (1 - _BETAS[1]) * (gradient**2 - square)
                size = np.sqrt(square / (1 - _BETAS[1] ** step)) + 1e-8
                each -= rate * (mean / (1 - _BETAS[0] ** step)) / size
    return weights


def answers(images: np.ndarray, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """Return what the hidden (n, 256) and the narrow layer (n, 16) answer to pictures."""
    hidden = _hidden(_patches(images), weights)
    return hidden, hidden @ weights[2] + weights[3]


def naming(images: np.ndarray, weights: Weights) -> np.ndarray:
    """Return what the network names of each picture, (n, names) bool."""
    return answers(images, weights)[1] @ weights[4] + weights[5] > 0


def _patches(images: np.ndarray) -> np.ndarray:
    """Return the four quadrants of each picture, (n, 4, 64)."""
    n = len(images)
    quadrants = images.reshape(n, 2, _SIDE, 2, _SIDE).transpose(0, 1, 3, 2, 4)
    return quadrants.reshape(n, _PLACES, _SIDE**2).astype(np.float32)


def _hidden(patches: np.ndarray, weights: Weights) -> np.ndarray:
    return np.maximum(patches @ weights[0] + weights[1], 0).reshape(len(patches), -1)


def _gradients(patches: np.ndarray, truth: np.ndarray, weights: Weights) -> Weights:
    hidden = _hidden(patches, weights)
    narrow = hidden @ weights[2] + weights[3]
    logits = narrow @ weights[4] + weights[5]
    to_logits = (1 / (1 + np.exp(-logits)) - truth) / len(patches)
    to_narrow = to_logits @ weights[4].T
    to_hidden = ((to_narrow @ weights[2].T) * (hidden > 0)).reshape(-1, _FILTERS)
    return [
        patches.reshape(-1, _SIDE**2).T @ to_hidden,
        to_hidden.sum(0),
        hidden.T @ to_narrow,
        to_narrow.sum(0),
        narrow.T @ to_logits,
        to_logits.sum(0),
    ]
