"""Which column of new responses is which unit of the dictionary."""

from __future__ import annotations

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Responses


def in_units(units: np.ndarray | None, x: Responses, p: int | None = None) -> np.ndarray:
    """Return responses (n, p), columns in the order of a dictionary's units where both name them.

    Raises
    ------
    InputError
        Both name their units, and ``x`` lacks one of the dictionary's; another number than ``p``.
    """
    values = _in_units(units, x)
    if p is not None and values.shape[1] != p:
        raise InputError(
            f"x must have the {p} units that the dictionary was learned from, got "
            f"{values.shape[1]}."
        )
    return values


def _in_units(units: np.ndarray | None, x: Responses) -> np.ndarray:
    if units is None or x.units is None or np.array_equal(units, x.units):
        return x.toarray()
    where = {unit: column for column, unit in enumerate(x.units)}
    missing = [str(unit) for unit in units if unit not in where]
    if missing:
        raise InputError(
            f"x must name the {len(units)} units that the dictionary was learned from, got none "
            f"called {missing[0]!r} ({len(missing)} are missing). If columns are in the same order "
            "under other names, pass x.values."
        )
    return x.toarray()[:, [where[unit] for unit in units]]
