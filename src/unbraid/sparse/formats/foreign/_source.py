"""What a reader is given: the weights file, what was recognised in it, and what it cannot say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign._assemble import whole_number
from unbraid.sparse.formats.foreign._imported import Imported
from unbraid.sparse.formats.foreign._tensors import Tensors
from unbraid.sparse.formats.foreign._weights import read_npz, read_safetensors, read_torch
from unbraid.sparse.formats.native import read_config


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """A weights file of a known layout."""

    library: str
    weights: Path
    k: int | None = None
    threshold: float | None = None
    content: dict[str, Any] | None = field(default=None, repr=False)

    def config(self, *names: str) -> dict[str, Any]:
        """Return the first of these JSON files that stands beside the weights, or none's {}."""
        for name in names:
            if (self.weights.parent / name).is_file():
                return read_config(self.weights.parent / name)
        return {}

    def read(self) -> dict[str, Any]:
        """Return the weights file as named arrays and plain values."""
        if self.content is not None:
            return self.content
        if self.weights.suffix == ".npz":
            return read_npz(self.weights)
        if self.weights.suffix == ".safetensors":
            return read_safetensors(self.weights)
        return read_torch(self.weights)

    def tensors(self, content: dict[str, Any] | None = None) -> Tensors:
        """Return the arrays of the weights file."""
        content = self.read() if content is None else content
        arrays = {name: value for name, value in content.items() if hasattr(value, "dtype")}
        return Tensors(self.weights, self.library, arrays)

    def imported(self, architecture: str, *notes: str) -> Imported:
        """Return the method that says where a dictionary comes from."""
        name = "/".join(self.weights.parts[-2:])
        return Imported(
            library=self.library, architecture=architecture, source=name, notes=tuple(notes)
        )

    def active(self, stated: Any, where: str = "k") -> int:
        """Return k as the file states it; one given by hand may only fill a gap."""
        if stated is None:
            stated = self.k
        k = whole_number(stated, f"{self.weights}: {where}")
        if self.k is not None and self.k != k:
            raise InputError(f"{self.weights} was trained with k={k}, got k={self.k}; leave k out.")
        return k

    def says_all(self) -> None:
        """Refuse a k or threshold given for a layout whose files say them."""
        given = "k" if self.k is not None else "threshold" if self.threshold is not None else None
        if given:
            raise InputError(
                f"{given} is part of a {self.library} checkpoint and must not be given; leave it "
                f"out, or change the dictionary afterwards."
            )
