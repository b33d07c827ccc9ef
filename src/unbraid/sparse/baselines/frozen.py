"""Controls that learn half of an autoencoder: what the other half, at random, already gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.baselines import _held
from unbraid.sparse.training._training import Autoencoder

if TYPE_CHECKING:
    from unbraid.sparse.autoencoders._sparse_net import SparseNet

_NEAR = 0.8  # cosine with its start that a soft-frozen atom keeps, as published


class FrozenDecoder(Autoencoder):
    """TopK autoencoder whose atoms stay random: only the encoder, its bias and the offset learn.

    What such codes reach is no feature found: random directions, read well, suffice for it.

    References
    ----------
    arXiv 2602.14111 (2026), where such dictionaries come near trained ones in interpretability,
    probing and editing.
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: as for ``TopK``."""

    on_device: ClassVar[bool] = False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train the encoder on ``x``."""
        return _held.learn(self, x, self.k, rng, log, _hold_atoms)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        return _held.start(self, x, self.k, rng)


class SoftFrozenDecoder(Autoencoder):
    """TopK autoencoder whose atoms keep a cosine of at least .8 with their random start.

    After each step an atom d further than that from its start s is brought back to the cone about
    it, ``.8 s + .6 (d - (d s) s) / |d - (d s) s|``. Learning this much of a direction is not
    finding a feature.

    References
    ----------
    arXiv 2602.14111 (2026).
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: as for ``TopK``."""

    on_device: ClassVar[bool] = False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train on ``x``, atoms within their cones."""
        return _held.learn(self, x, self.k, rng, log, _hold_near)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        return _held.start(self, x, self.k, rng)


class FrozenEncoder(Autoencoder):
    """TopK autoencoder whose encoder's directions stay random: bias, offset and atoms learn.

    References
    ----------
    arXiv 2602.14111 (2026).
    """

    k: Annotated[int, Field(ge=1)] | None = None
    """Active latents per stimulus; none: as for ``TopK``."""

    on_device: ClassVar[bool] = False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Train the decoder on ``x``."""
        return _held.learn(self, x, self.k, rng, log, _hold_encoder)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random atoms of unit length, the encoder tied to them."""
        return _held.start(self, x, self.k, rng)


def _hold_atoms(net: SparseNet, start: np.ndarray) -> None:
    net.atoms[...] = start


def _hold_encoder(net: SparseNet, start: np.ndarray) -> None:
    net.encoder[...] = start  # it began at the atoms


def _hold_near(net: SparseNet, start: np.ndarray) -> None:
    along = np.einsum("mp,mp->m", net.atoms, start)[:, None]
    far = np.flatnonzero(along[:, 0] < _NEAR)
    if not len(far):
        return
    across = net.atoms[far] - along[far] * start[far]
    length = np.linalg.norm(across, axis=1, keepdims=True)
    share = np.sqrt(1 - _NEAR**2) / np.maximum(length, np.finfo(np.float32).tiny)
    net.atoms[far] = _NEAR * start[far] + share * across
