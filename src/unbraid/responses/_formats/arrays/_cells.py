"""MATLAB's cell arrays: of texts, of numbers, or of trials whose number differs."""

from __future__ import annotations

import math
import warnings

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_memory

_ENOUGH_CELLS, _MOSTLY = 3, 0.9  # numbers in a cell, cells, and the share of cells that rise
_FREE_CELLS, _CELLS_RATIO = 2**26, 64  # bytes, and times the cells' own, that padding may take


def gather(cells: list[np.ndarray], shape: tuple[int, ...], where: str) -> np.ndarray:
    """Return texts, or one array (sides of the cell array, sides of the largest cell).

    ``cells`` stand in MATLAB's order (the first side runs fastest). Sides of 1 are left out, as is
    the second side of vectors; NaN stands where a cell is smaller than the largest.
    """
    if any(cell.dtype.kind == "U" for cell in cells):
        if any(cell.dtype.kind != "U" or cell.size != 1 for cell in cells):
            raise InputError(f"{where} must be a cell array of strings or of numbers.")
        return np.array([cell.item() for cell in cells])
    if not cells or any(cell.dtype.kind not in "fiub" for cell in cells):
        raise InputError(f"{where} must be a cell array of strings or of numbers.")
    if all(cell.size in cell.shape for cell in cells if cell.size):  # vectors, or one number
        cells = [cell.ravel() for cell in cells]
    rank = max(cell.ndim for cell in cells)
    cells = [cell if cell.size else np.empty((0,) * rank) for cell in cells]
    if any(cell.ndim != rank for cell in cells):
        raise InputError(f"{where}: its cells must have the same number of axes.")
    inner = tuple(max(cell.shape[axis] for cell in cells) for axis in range(rank))
    needed, held = 8 * len(cells) * math.prod(inner), sum(cell.nbytes for cell in cells)
    if needed > max(_FREE_CELLS, _CELLS_RATIO * held):
        raise InputError(f"{where}: its largest cell, of {inner}, is too large beside the others.")
    check_memory(needed, where)
    padded = np.full((len(cells), *inner), np.nan)
    for row, cell in zip(padded, cells, strict=True):
        row[tuple(slice(side) for side in cell.shape)] = cell
    outer = tuple(side for side in shape if side > 1) or (1,)
    inner = tuple(side for side in inner if side > 1)
    return padded.reshape(*reversed(outer), *inner).transpose(
        *reversed(range(len(outer))), *range(len(outer), len(outer) + len(inner))
    )


def warn_of_times(padded: np.ndarray, where: str) -> None:
    """Refuse cells that look like times of spikes, whose mean has no meaning."""
    if padded.dtype.kind != "f" or padded.ndim < 2 or not np.isnan(padded).any():
        return
    cells = [row[~np.isnan(row)] for row in padded.reshape(-1, padded.shape[-1])]
    several = [cell for cell in cells if len(cell) >= _ENOUGH_CELLS and cell[0] >= 0]
    rising = sum(bool((np.diff(cell) >= 0).all() and cell[-1] > cell[0]) for cell in several)
    if len(several) >= _ENOUGH_CELLS and rising >= _MOSTLY * len(several):
        warnings.warn(
            f"{where}: its cells hold numbers that only rise, like times of spikes: count them in "
            "a window of each trial first.",
            RuntimeWarning,
            stacklevel=8,
        )
