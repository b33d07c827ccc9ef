"""A dictionary as other libraries can hold it, or one line on what they cannot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse.inference._encoder import Encoder

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

_SAELENS = "dictionary.save(folder), which Unbraid opens"


@dataclass(frozen=True, kw_only=True, eq=False)
class Flat:
    """Atoms, offset and the encoder's arrays, contiguous and of one float type."""

    atoms: np.ndarray
    offset: np.ndarray
    encoder: Encoder

    @classmethod
    def of(cls, dictionary: Dictionary, library: str, activations: tuple[str, ...]) -> Flat:
        """Return the arrays, refusing a dictionary whose codes the library would not give."""
        encoder = dictionary.encoder
        lost = None
        if encoder is None or dictionary.by != "encoder":
            lost = f"codes found by {'pursuit' if encoder is None else dictionary.by}"
        elif encoder.activation not in activations:
            lost = f"a {encoder.activation} encoder (it has {', '.join(activations)})"
        elif dictionary.transform != "none":
            lost = f"the input transform {dictionary.transform}"
        elif dictionary.shuffled is not None:
            lost = "shuffled codes"
        if encoder is None or lost is not None:
            raise InputError(f"The {library} layout cannot hold {lost}; use {_SAELENS}.")
        return cls(
            atoms=np.ascontiguousarray(dictionary.atoms),
            offset=np.ascontiguousarray(dictionary.offset),
            encoder=encoder,
        )

    @property
    def weights(self) -> np.ndarray:
        """Encoder weights (p, m)."""
        return np.ascontiguousarray(self.encoder.weights)

    @property
    def k(self) -> int:
        """Active latents."""
        return self.encoder.k or 1

    def bias_if_centred(self) -> np.ndarray:
        """Return the bias of the same encoder, were the offset subtracted first."""
        return self.encoder.bias if self.encoder.centred else self.encoder.bias + self._moved()

    def bias_if_not_centred(self) -> np.ndarray:
        """Return the bias of the same encoder, were the offset not subtracted first."""
        return self.encoder.bias - self._moved() if self.encoder.centred else self.encoder.bias

    def _moved(self) -> np.ndarray:
        moved = self.offset.astype(np.float64) @ self.encoder.weights.astype(np.float64)
        return moved.astype(self.encoder.bias.dtype)
