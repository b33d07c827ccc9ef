"""Named arrays of a weights file: taken by name, with the shape they must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unbraid.errors import InputError


@dataclass(frozen=True, eq=False)
class Tensors:
    """The arrays of one file. Floats are float32, or float64 where the file has that."""

    path: Path
    library: str
    arrays: Mapping[str, np.ndarray]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def take(self, name: str, *shape: int) -> np.ndarray:
        """Return one finite float array of exactly this shape."""
        array = self._array(name)
        if array.shape != shape:
            raise InputError(
                f"{self.path}: {name} must have shape {shape}, got {array.shape}; the file is "
                f"damaged, or its configuration is another file's."
            )
        if not np.isfinite(array).all():
            raise InputError(
                f"{self.path}: {name} holds NaN or infinite values; the training that wrote it "
                "diverged. Take an earlier checkpoint."
            )
        return array

    def matrix(self, name: str) -> tuple[int, int]:
        """Return the shape of a matrix, from which the others' shapes follow."""
        array = self._array(name)
        if array.ndim != 2 or 0 in array.shape:
            raise InputError(f"{self.path}: {name} must be a matrix, got shape {array.shape}.")
        return array.shape[0], array.shape[1]

    def number(self, name: str) -> float:
        """Return a scalar."""
        array = self._array(name)
        if array.size != 1 or not np.isfinite(array).all():
            raise InputError(f"{self.path}: {name} must be one number, got shape {array.shape}.")
        return float(array.reshape(-1)[0])

    def refuse(self, names: tuple[str, ...], because: str) -> None:
        """Refuse a file that holds any of these."""
        found = [name for name in names if name in self.arrays]
        if found:
            raise InputError(f"{self.path} holds {found[0]}: {because}")

    def _array(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            held = ", ".join(sorted(self.arrays)[:12]) or "nothing"
            raise InputError(
                f"{self.path} must hold {name} to be a checkpoint of {self.library}; it holds "
                f"{held}."
            )
        array = self.arrays[name]
        if array.dtype.kind not in "fiub":
            raise InputError(f"{self.path}: {name} must hold numbers, got dtype {array.dtype}.")
        kept = np.float64 if array.dtype == np.float64 or array.dtype.kind != "f" else np.float32
        return np.asarray(array, kept)
