"""What all densely trained autoencoders do around their rule: centre, scale, train, fold back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, say_if_few
from unbraid.sparse.inference._encoder import Activation, Encoder
from unbraid.sparse.training._loop import train
from unbraid.sparse.training._memory import announce
from unbraid.sparse.training._source import TrainingStimuli, mean
from unbraid.sparse.training._training import Autoencoder

if TYPE_CHECKING:
    from unbraid.sparse.autoencoders._dense_net import Rule

_PICKING = ("topk", "abstopk", "pursuit")


def learn(
    method: Autoencoder,
    x: Any,
    rng: np.random.Generator,
    log: Log,
    rule: Rule,
    *,
    unit: bool = True,
    tied: bool = False,
    extra: dict[str, np.ndarray] | None = None,
    mask: np.ndarray | None = None,
) -> TrainedWeights:
    """Train the rule of activation from ``method.untrained``; ``tied`` ones have no encoder.

    Where ``mask`` (m, p) is 0, encoder and atoms stay as they start.

    Weights are for responses ``(x - mean) / scale``; ``scale`` is among them.
    """
    from unbraid.sparse.autoencoders._dense_net import DenseNet

    training = method.training
    m = method.width(x.shape[1])
    announce(x, m, training, log, dense=True)
    start = method.untrained(x, rng)
    say_if_few(log, len(x), m)
    center = mean(x)
    source = TrainingStimuli(x, training.held_out, rng, center, log.order)
    weights = {"atoms": start.atoms, "offset": np.zeros(x.shape[1]), **(extra or {})}
    if not tied and start.encoder is not None:
        weights |= {"encoder": start.encoder.weights.T, "bias": np.zeros(m)}
    net = DenseNet(weights, rule, len(source), training, unit=unit, mask=mask)
    fvu = train(net, source, training, rng, log, method.describe())
    learned = {name: w.astype(np.float64) for name, w in net.descent.weights.items()}
    return TrainedWeights(learned | {"scale": np.asarray(source.scale)}, center, fvu, source)


class TrainedWeights(NamedTuple):
    """What a training ends with."""

    weights: dict[str, np.ndarray]
    mean: np.ndarray
    """Of the responses; the weights' offset comes on top."""
    fvu: float
    """On the stimuli held out; NaN where none were."""
    source: TrainingStimuli


def random_start(
    method: Method,
    x: np.ndarray,
    m: int,
    rng: np.random.Generator,
    *,
    mask: np.ndarray | None = None,
    **options: Any,
) -> Dictionary:
    """Return random atoms of unit length, zero where ``mask`` is, with the encoder tied to them.

    Where no rule picks the most excited latents, half are active at first, and their atoms would
    sum to m / 2p times the stimulus: there the encoder starts so much smaller.
    """
    p = x.shape[1]
    atoms = rng.normal(size=(m, p)) * (1 if mask is None else mask)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    share = 1.0 if options["activation"] in _PICKING else min(1.0, 2 * p / m)
    weights = {"atoms": atoms, "encoder": share * atoms, "bias": np.zeros(m),
               "offset": np.zeros(p), "scale": np.asarray(1.0)}  # fmt: skip
    return assemble(method, weights, mean(x), **options)


def assemble(
    method: Method,
    weights: dict[str, np.ndarray],
    center: np.ndarray,
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
        offset=(center + weights["offset"] * scale).astype(kind),
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
