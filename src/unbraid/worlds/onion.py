"""The onion world: only the magnitude of a token's direction shows its place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Onion:
    """Sequences, and what the system answers to them."""

    tokens: np.ndarray
    """(n, length) whole numbers."""
    responses: np.ndarray
    """(n, p)."""
    directions: np.ndarray
    """(length, n_tokens, p): what a token adds at each place."""
    config: OnionWorld
    """The options that made it."""

    def __repr__(self) -> str:
        n, length = self.tokens.shape
        kind = "onion" if self.config.layered else "linear"
        return f"Onion({n} sequences of {length} tokens, {kind})"

    @property
    def features(self) -> np.ndarray:
        """(n, length * n_tokens): 1 where that token stands at that place."""
        hot = np.eye(self.config.n_tokens)[self.tokens]
        return hot.reshape(len(self.tokens), -1)


class OnionWorld(Config):
    """Sequences of tokens in one vector, every place an order of magnitude below the last.

    ``h = sum_j decay^j e(token_j)``: all places share a token's direction, so that features lie in
    no directions of their own and only the magnitude shows the place. It is the pure form of what
    trained recurrent networks do (``RepeatWorld``); nothing is trained. With ``layered=False``, the
    control, each place has directions of its own and magnitude 1.

    References
    ----------
    Csordas et al. (2024), Recurrent neural networks learn to store and generate sequences using
    non-linear representations, arXiv 2408.10920.
    """

    n_tokens: int = Field(default=10, ge=2)
    """Different tokens."""
    length: int = Field(default=3, ge=1)
    """Tokens of a sequence."""
    n_units: int = Field(default=64, ge=2)
    """p."""
    decay: float = Field(default=0.4, gt=0, lt=1)
    """Magnitude of a place relative to the one before."""
    layered: bool = True
    """Whether the world is an onion; otherwise the linear control."""

    def magnitudes(self) -> np.ndarray:
        """Magnitude of each place (length,)."""
        return self.decay ** np.arange(self.length) if self.layered else np.ones(self.length)

    def sample(self, n: int, *, rng: int | np.random.Generator | None = None) -> Onion:
        """Draw directions and n sequences of independent tokens."""
        rng = _validate.as_rng(rng)
        places = 1 if self.layered else self.length
        directions = rng.normal(size=(places, self.n_tokens, self.n_units))
        directions /= np.linalg.norm(directions, axis=2, keepdims=True)
        directions = np.broadcast_to(
            directions, (self.length, self.n_tokens, self.n_units)
        ) * self.magnitudes()[:, None, None]  # fmt: skip
        tokens = rng.integers(self.n_tokens, size=(n, self.length))
        responses = sum(directions[j][tokens[:, j]] for j in range(self.length))
        return Onion(
            tokens=tokens, responses=np.asarray(responses), directions=directions, config=self
        )
