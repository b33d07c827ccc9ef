"""A saved comparison, read."""

from __future__ import annotations

from pathlib import Path

from unbraid import _state
from unbraid.comparison._comparison import Comparison
from unbraid.comparison._saved import ARRAYS, FORMAT_VERSION, LAYOUT, read_arrays
from unbraid.errors import InputError


def load_comparison(folder: Path) -> Comparison:
    """Return the comparison that ``Comparison.save`` wrote; see ``load_run``."""
    path = folder / ARRAYS
    state, arrays = read_arrays(path)
    if state.get("version") != FORMAT_VERSION:
        raise InputError(
            f"{path} is of version {state.get('version')!r}, and this Unbraid reads "
            f"{FORMAT_VERSION}: open it with the Unbraid that wrote it, or compare again."
        )
    fields = _state.unpack(state.get("fields"), arrays, LAYOUT, path)
    try:
        return Comparison(**fields)
    except TypeError as error:
        raise InputError(f"{path} is damaged, or of another version: {error}.") from None
