"""What all densely trained autoencoders do around their rule: centre, scale, train, fold back."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._encoder import Activation, Encoder
from unbraid.sparse._method import Method, say_if_few
from unbraid.sparse._training import Training
from unbraid.sparse._watch import Watch


def learn(
    x: np.ndarray,
    start: Dictionary,
    rule: Any,
    training: Training,
    rng: np.random.Generator,
    watch: Watch,
    *,
    unit: bool = True,
    extra: dict[str, np.ndarray] | None = None,
) -> tuple[dict[str, np.ndarray], float, np.ndarray]:
    """Train the rule from ``start``; return weights, held-out FVU, and the training stimuli.

    Weights are for responses ``(x - start.offset) / scale``; ``scale`` is among them.
    """
    from unbraid.sparse._dense_net import DenseNet
    from unbraid.sparse._loop import split, train

    say_if_few(watch, len(x), start.n_latents)
    rows, held = split(x, training.held_out, rng)
    scale = float(np.sqrt(np.mean(np.square(x - start.offset), dtype=np.float64))) or 1.0
    ready = ((x - start.offset) / scale).astype(np.float32)
    m, p = start.atoms.shape
    weights = {
        "atoms": start.atoms,
        "encoder": start.atoms.copy(),
        "bias": np.zeros(m),
        "offset": np.zeros(p),
        **(extra or {}),
    }
    net = DenseNet(weights, rule, len(rows), training, unit=unit)
    fvu = train(net, ready[rows], ready[held], training, rng, watch)
    learned = {name: array.astype(np.float64) for name, array in net.state().items()}
    return learned | {"scale": np.asarray(scale)}, fvu, ready[rows]


def random_start(
    method: Method, x: np.ndarray, m: int, rng: np.random.Generator, **options: Any
) -> Dictionary:
    """Return random atoms of unit length with the encoder tied to them."""
    p = x.shape[1]
    atoms = rng.normal(size=(m, p))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    weights = {"atoms": atoms, "encoder": atoms, "bias": np.zeros(m), "offset": np.zeros(p),
               "scale": np.asarray(1.0)}  # fmt: skip
    return assemble(method, weights, x.mean(0, dtype=np.float64), **options)


def assemble(
    method: Method,
    weights: dict[str, np.ndarray],
    mean: np.ndarray,
    *,
    activation: Activation,
    k: int | None = None,
    threshold: np.ndarray | None = None,
    gain: np.ndarray | None = None,
) -> Dictionary:
    """Return the dictionary in the units of the responses, atoms of unit length."""
    length = np.linalg.norm(weights["atoms"], axis=1)
    length = np.where(length > 1e-12, length, 1.0)
    scale = float(weights["scale"])
    kind = np.float32
    # codes grow by the atom's length where it is brought to 1; thresholds and biases with them
    return Dictionary(
        atoms=(weights["atoms"] / length[:, None]).astype(kind),
        offset=(mean + weights["offset"] * scale).astype(kind),
        encoder=Encoder(
            weights=np.ascontiguousarray((weights["encoder"] * length[:, None]).T, kind),
            bias=(weights["bias"] * length * scale).astype(kind),
            activation=activation,
            k=k,
            threshold=None if threshold is None else (threshold * length * scale).astype(kind),
            scale=None if gain is None else gain.astype(kind),
        ),
        method=method,
        k=k,
    )
