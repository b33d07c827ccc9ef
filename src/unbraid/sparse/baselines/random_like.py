"""A given dictionary with its directions drawn at random: the same rule, nothing learned."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.responses import as_responses
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._evidence import Evidence
from unbraid.sparse.autoencoders.topk import TopK
from unbraid.sparse.baselines.controls import RandomDictionary

_COUNTED = ("topk", "signed_topk", "abstopk", "pursuit", "signed_pursuit")  # k says how many stay
_DRAWN_ROWS = 1024  # stimuli on which a threshold is set


def random_like(
    dictionary: Dictionary, x: Any, rng: int | np.random.Generator | None = None
) -> Dictionary:
    """Return a dictionary of the same width, rule and inference whose directions are random.

    Each atom and each encoder column becomes a random direction of its own length, the encoder's
    along the atom's. Where a threshold decides what is active (ReLU, JumpReLU, gates), one number
    is added to every bias, such that as many latents are active on ``x`` as in the given one.

    Parameters
    ----------
    dictionary : Dictionary
        From ``fit``, ``Dictionary.load`` or ``load_foreign``.
    x : Responses or array of shape (n, p)
        Responses that the mean and the density are taken from; up to 1,024 of them.
    rng : int or Generator, optional
        Seed of the directions.

    Returns
    -------
    Dictionary
        A control for claims about ``dictionary``; all its codes count, however small (by ``l0``:
        those above the floor).

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import TopK, fit
    >>> x = np.random.default_rng(0).normal(size=(200, 6))
    >>> learned = fit(x, TopK(n_latents=12, k=2), rng=0)
    >>> float(random_like(learned, x, rng=0).encode(x).l0)
    2.0
    """
    rng = _validate.as_rng(rng)
    responses = as_responses(x)
    every = max(1, -(-len(responses) // _DRAWN_ROWS))
    some = responses.take(np.arange(0, len(responses), every))
    m, p = dictionary.atoms.shape
    directions = rng.normal(size=(m, p))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    kind = dictionary.atoms.dtype
    lengths = np.linalg.norm(dictionary.atoms, axis=1, keepdims=True)
    drawn = replace(
        dictionary,
        atoms=(directions * lengths).astype(kind),
        method=RandomDictionary(of=TopK(n_latents=m, k=dictionary.k)),
        evidence=Evidence(),
        floor=dictionary.floor if dictionary.by == "l0" else 0.0,  # it rules these codes
        shuffled=None,
    )
    encoder = dictionary.encoder
    if encoder is None:
        return drawn
    size = np.linalg.norm(encoder.weights, axis=0)
    weights = np.ascontiguousarray((directions * size[:, None]).T, encoder.weights.dtype)
    drawn = replace(drawn, encoder=replace(encoder, weights=weights))
    if encoder.activation in _COUNTED or dictionary.by != "encoder":
        return drawn
    return _as_dense(drawn, some, replace(dictionary, shuffled=None, floor=None).encode(some).l0)


def _as_dense(drawn: Dictionary, x: Any, l0: float) -> Dictionary:
    """Return the dictionary with one number added to its biases, so that ``l0`` are active."""
    encoder = drawn.encoder
    if encoder is None:
        return drawn
    values = x.toarray()
    h = drawn.centred(values) if encoder.centred else drawn.transformed(values)
    scores = h @ encoder.weights
    if encoder.activation == "gated":
        scores = scores + encoder.threshold
    else:
        scores = scores + encoder.bias
        if encoder.threshold is not None:
            scores = scores - np.maximum(encoder.threshold, 0)
    share = min(1.0, l0 / scores.shape[1])
    shift = np.asarray(-np.quantile(scores, 1 - share), scores.dtype)
    if encoder.activation == "gated" and encoder.threshold is not None:
        return replace(drawn, encoder=replace(encoder, threshold=encoder.threshold + shift))
    return replace(drawn, encoder=replace(encoder, bias=encoder.bias + shift))
