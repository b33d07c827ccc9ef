"""Methods that know which columns belong to which system."""

from __future__ import annotations

from abc import ABC
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid.errors import InputError
from unbraid.sparse.training._training import Autoencoder

if TYPE_CHECKING:
    from unbraid._torch import torch


class Crosscoder(Autoencoder, ABC):
    """Base of the methods that learn one code of several systems side by side.

    ``unbraid.joint`` brings systems to equal power and says their ``sizes``; whoever calls ``fit``
    does both.
    """

    sizes: tuple[Annotated[int, Field(ge=1)], ...] | None = None
    """Units of each system, in the order of the columns; none: all units are one system."""

    tells_alone: ClassVar[bool] = False
    """Whether each system's part of the encoder tells the code by itself."""

    def sized(self, sizes: tuple[int, ...]) -> Crosscoder:
        """Return the method for systems of so many units, its number of latents settled."""
        m = self.n_latents or self.width(sum(sizes))
        return type(self)(**{**_given(self), "sizes": tuple(map(int, sizes)), "n_latents": m})

    def parts(self, n_units: int) -> list[slice]:
        """Return the columns of each system."""
        sizes = (n_units,) if self.sizes is None else self.sizes
        if sum(sizes) != n_units:
            raise InputError(
                f"sizes must sum to the number of units, {n_units}, got {sizes}: name the units of "
                "each system in the order of the columns, or let unbraid.joint do so."
            )
        ends = np.cumsum([0, *sizes])
        return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def lengths(atoms: torch.Tensor, parts: list[slice]) -> torch.Tensor:
    """Return the sum over systems of the lengths of each atom's parts (m,)."""
    found = atoms[:, parts[0]].norm(dim=1)
    for part in parts[1:]:
        found = found + atoms[:, part].norm(dim=1)
    return found


def _given(method: Autoencoder) -> dict[str, Any]:
    return {name: getattr(method, name) for name in method.model_fields_set}
