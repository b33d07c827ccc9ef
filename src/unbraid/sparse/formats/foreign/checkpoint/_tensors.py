"""Named arrays of a weights file: taken by name, with the shape they must have."""

from __future__ import annotations

from collections.abc import Mapping, Set
from pathlib import Path

import numpy as np

from unbraid.errors import InputError

_SHOWN = 4  # tensors in a message of two lines


class Tensors:
    """The arrays of one file, which remember what was taken.

    Floats are float32, or float64 where the file has that. ``inert`` names those that change no
    code; what is neither taken nor inert is refused by ``unread``. ``ignored`` are left out at the
    caller's wish, as though the file lacked them.
    """

    def __init__(
        self,
        path: Path,
        library: str,
        arrays: Mapping[str, np.ndarray],
        inert: Set[str] = frozenset(),
        ignored: Set[str] = frozenset(),
    ) -> None:
        self.path, self.library = path, library
        self.ignored = ignored & arrays.keys()
        self.arrays = {name: array for name, array in arrays.items() if name not in ignored}
        self._inert = inert
        self._used: set[str] = set()

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

    def leave(self, name: str) -> None:
        """Count a tensor as one that changes no code."""
        self._inert = self._inert | {name}

    def unread(self) -> list[str]:
        """Return the tensors that were not taken; one that may change the codes is refused."""
        left = [name for name in self.arrays if name not in self._used]
        unknown = [name for name in left if name not in self._inert]
        if unknown:
            shown = ", ".join(f"{name} {self.arrays[name].shape}" for name in unknown[:_SHOWN])
            raise InputError(
                f"{self.path} holds {shown}{', ...' if len(unknown) > _SHOWN else ''}, for which "
                f"this {self.library} checkpoint has no use, and which may change the codes. Read "
                f"it with its own library, or, where it changes nothing, give ignore={unknown}."
            )
        return left + sorted(self.ignored)

    def _array(self, name: str) -> np.ndarray:
        if name not in self.arrays:
            held = ", ".join(sorted(self.arrays)[:12]) or "nothing"
            raise InputError(
                f"{self.path} must hold {name} to be a checkpoint of {self.library}; it holds "
                f"{held}."
            )
        self._used.add(name)
        array = self.arrays[name]
        if array.dtype.kind not in "fiub":
            raise InputError(f"{self.path}: {name} must hold numbers, got dtype {array.dtype}.")
        kept = np.float64 if array.dtype == np.float64 or array.dtype.kind != "f" else np.float32
        return np.asarray(array, kept)
