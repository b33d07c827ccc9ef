"""From the parts of a checkpoint to a dictionary: what cannot be carried is folded or said."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse._evidence import Evidence
from unbraid.sparse.formats.foreign._imported import Imported
from unbraid.sparse.inference._encoder import Activation, Encoder
from unbraid.sparse.inference._transform import Transform

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

D = TypeVar("D", bound="Dictionary")
_LARGEST_ARRAY = 2**31  # of any count in a file


@dataclass(frozen=True, kw_only=True, eq=False)
class Parts:
    """The canonical form of every checkpoint: ``weights (p, m)``, ``atoms (m, p)``.

    ``codes = activation((x - centred * offset) @ weights + bias)`` and
    ``x ~ codes @ atoms + offset``. ``weights`` None: codes are found by pursuit.
    """

    method: Imported
    atoms: np.ndarray
    offset: np.ndarray
    weights: np.ndarray | None = None
    bias: np.ndarray | None = None
    activation: Activation = "relu"
    k: int | None = None
    threshold: np.ndarray | None = None
    log_scale: np.ndarray | None = None
    centred: bool = True
    tolerance: float = 0.0
    until_repeat: bool = False
    transform: Transform = "none"

    def scaled(self, factor: float) -> Parts:
        """Fold ``x * factor``, which the training applied to its input, into the weights.

        The codes stay what they were in the training; atoms and offset come back to the units
        of ``x``.
        """
        weights = None if self.weights is None else self.weights * factor
        return replace(
            self,
            weights=weights,
            atoms=self.atoms / factor,
            offset=self.offset / factor,
            tolerance=self.tolerance / factor,
        )

    def by_atom_length(self) -> Parts:
        """Fold a choice of latents by ``|atom| * score`` into the weights; atoms get length 1."""
        if self.weights is None or self.bias is None:
            return self
        length = np.maximum(np.linalg.norm(self.atoms, axis=1), 1e-8).astype(self.atoms.dtype)
        return replace(
            self,
            weights=self.weights * length,
            bias=self.bias * length,
            atoms=self.atoms / length[:, None],
        )


def assemble(kind: type[D], parts: Parts) -> D:
    """Return the dictionary; what its file asks of the reader is warned about and kept."""
    m, _ = parts.atoms.shape
    where = parts.method.source
    pursuit = parts.activation in ("pursuit", "signed_pursuit")
    needs_k = pursuit or parts.activation in ("topk", "signed_topk", "abstopk")
    if needs_k and parts.k is None:
        raise InputError(f"{where}: a {parts.activation} encoder needs k, which is not given.")
    if parts.k is not None and not 1 <= parts.k <= m and not pursuit:
        raise InputError(f"{where}: k must lie in 1..{m} (the latents), got {parts.k}.")
    for note in parts.method.notes:
        warnings.warn(f"{where}: {note}", RuntimeWarning, stacklevel=4)
    return kind(
        atoms=_owned(parts.atoms, parts.atoms.dtype),
        offset=_owned(parts.offset, parts.atoms.dtype),
        encoder=_encoder(parts),
        method=parts.method,
        evidence=Evidence(warnings=parts.method.notes),
        by="omp" if parts.weights is None else "encoder",
        k=None if parts.k is None else min(parts.k, m),
        signed=parts.activation in ("signed_topk", "abstopk", "signed_pursuit"),
        transform=parts.transform,
    )


def whole_number(value: Any, what: str) -> int:
    """Return a positive whole number that a configuration states, or say that it does not."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 1 <= value < _LARGEST_ARRAY or value != int(value):
        raise InputError(f"{what} must be a whole number of at least 1, got {value!r}.")
    return int(value)


def _encoder(parts: Parts) -> Encoder | None:
    if parts.weights is None or parts.bias is None:
        return None
    kind = parts.atoms.dtype
    return Encoder(
        weights=_owned(parts.weights, kind),
        bias=_owned(parts.bias, kind),
        activation=parts.activation,
        k=parts.k,
        threshold=None if parts.threshold is None else parts.threshold.astype(kind),
        scale=None if parts.log_scale is None else np.exp(parts.log_scale).astype(kind),
        centred=parts.centred,
        tolerance=parts.tolerance,
        until_repeat=parts.until_repeat,
    )


def _owned(array: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Return a contiguous array that no file stands behind: it outlives a checkpoint's deletion."""
    return np.require(array, kind, ["C", "W", "E"])
