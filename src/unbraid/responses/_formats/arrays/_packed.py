"""Numbers packed by the conventions for climate and forecast data: fill, scale and offset."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._said import Said


def unpack(values: np.ndarray, said: Said) -> np.ndarray:
    """Return what packed numbers stand for, NaN where ``_FillValue`` or ``missing_value`` stands.

    ``values * scale_factor + add_offset``, in double precision; the array itself where none of
    these attributes is there.
    """
    missing = [said.take(name) for name in ("_FillValue", "missing_value")]
    missing = [_numbers(said, name) for name in missing if name is not None]
    scale, offset = (said.take(name) for name in ("scale_factor", "add_offset"))
    if not missing and scale is None and offset is None:
        return values
    if values.dtype.kind not in "fiu":
        raise InputError(f"{said.where} is packed, but of dtype {values.dtype}.")
    gone = np.isin(values, np.concatenate([m for m in missing if m.size])) if missing else None
    if scale is not None or offset is not None:
        values = values.astype(np.float64)
        values *= 1.0 if scale is None else _one(said, scale)
        values += 0.0 if offset is None else _one(said, offset)
    return values if gone is None else without(values, gone)


def without(values: np.ndarray, gone: np.ndarray) -> np.ndarray:
    """Return the values with NaN in these places."""
    if not gone.any():
        return values
    values = values.astype(values.dtype if values.dtype.kind == "f" else np.float64)
    values[gone] = np.nan
    return values


def _numbers(said: Said, value: Any) -> np.ndarray:
    found = np.ravel(np.asarray(value))
    if found.dtype.kind not in "fiu":
        raise InputError(f"{said.where} has a fill value that is no number.")
    return found


def _one(said: Said, value: Any) -> float:
    found = _numbers(said, value)
    if found.size != 1 or not np.isfinite(found[0]):
        raise InputError(f"{said.where} has a scale or offset that is not one number.")
    return float(found[0])
