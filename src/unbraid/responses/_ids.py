"""Ids as bytes: rows of UTF-8, padded with zeros, so that a million ids are one plain array."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError


def bytes_of_ids(ids: Any) -> np.ndarray:
    """Return ids as an array (n, width) of bytes."""
    encoded = np.char.encode(np.asarray(ids, dtype=str), "utf-8")
    width = max(1, encoded.dtype.itemsize)
    return encoded.astype(f"S{width}").view(np.uint8).reshape(len(encoded), width)


def ids_of_bytes(array: np.ndarray, where: str) -> np.ndarray:
    """Return the ids that ``bytes_of_ids`` wrote."""
    if array.ndim != 2 or array.dtype != np.uint8 or not array.shape[1]:
        raise InputError(f"{where}: stimuli must be ids as bytes (n, width), got {array.shape}.")
    fixed = np.ascontiguousarray(array).view(f"S{array.shape[1]}").ravel()
    try:
        return np.char.decode(fixed, "utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{where}: stimuli must be UTF-8 text.") from None
