"""Ids: unique texts as they were written, and as bytes, so that a million are one plain array."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from unbraid.errors import InputError

_WHOLE = {2: 2**11, 4: 2**24, 8: 2**53}  # below it a float of so many bytes holds every integer
_STEPS = ("D", "s", "ms", "us", "ns")


def as_ids(ids: Any, expected: int, name: str) -> np.ndarray | None:
    """Return unique ids as a one-dimensional array of strings, or None."""
    if ids is None:
        return None
    array = plain_ids(ids, name)
    if array.ndim != 1 or len(array) != expected:
        came = f"{len(array)} ids" if array.ndim == 1 else f"an array of shape {array.shape}"
        raise InputError(f"{name} must be {expected} ids, one per row or column, got {came}.")
    array = array.astype(str)
    unique, counts = np.unique(array, return_counts=True)
    if len(unique) < len(array):
        twice = str(unique[counts > 1][0])
        hint = "Average repeats first, or pass them as repeats."
        raise InputError(
            f"{name} must be unique, got {len(array) - len(unique)} duplicate(s), e.g. {twice!r}. "
            + ("Give each unit its own name." if name == "units" else hint)
        )
    return array


def plain_ids(ids: Any, name: str) -> np.ndarray:
    """Return ids as an array of strings or whole numbers; dates become text.

    Dates are written as pandas writes a column of them to CSV: without the time if all of them
    are midnight, else with as many digits as any of them needs.
    """
    try:
        array: np.ndarray = np.asarray(ids)
        if array.dtype.kind == "S":
            return np.char.decode(array.astype("S"), "utf-8")
    except UnicodeDecodeError:
        raise InputError(f"{name} must be text, got bytes that are not UTF-8.") from None
    except ValueError:
        raise InputError(f"{name} must be a flat list of ids, got a nested one.") from None
    if array.dtype.kind == "T":  # NumPy's strings of any length, which do not become its others
        array = np.array(array.tolist(), dtype=object)
    kind = array.dtype.kind
    if kind == "O" or (kind == "U" and array.ndim == 1 and isinstance(ids, list | tuple)):
        listed = array.reshape(-1).tolist() if kind == "O" else ids
        if listed and all(isinstance(i, datetime.date) for i in listed):
            return _text_of_dates(listed, name)
        odd = [i for i in listed if isinstance(i, bool | np.bool_) or not isinstance(i, _PLAIN)]
        if odd:
            raise InputError(f"{name} must be strings or whole numbers, got {odd[0]!r}.")
    if kind == "M":
        return _text_of_times(array, name)
    most = _WHOLE.get(array.dtype.itemsize, 2**53)
    if kind == "f" and np.all(array == np.round(array)) and (abs(array) < most).all():
        return array.astype(np.int64)
    if kind not in "OUiu":
        raise InputError(f"{name} must be strings or whole numbers, got dtype {array.dtype}.")
    return array


_PLAIN = str | int | np.integer | np.str_


def _text_of_dates(dates: list[Any], name: str) -> np.ndarray:
    """Return Python's dates (or dates with times) as text."""
    if any(date != date for date in dates):  # pandas' NaT is a date too
        raise InputError(f"{name} must be strings or whole numbers, got NaT.")
    if not any(isinstance(date, datetime.datetime) for date in dates):
        return np.array([date.isoformat() for date in dates])
    if any(getattr(date, "tzinfo", None) is not None for date in dates):
        return np.array([str(date) for date in dates])
    return _text_of_times(np.array(dates, dtype="datetime64[us]"), name)


def _text_of_times(times: np.ndarray, name: str) -> np.ndarray:
    """Return times (datetime64) as text."""
    if np.isnat(times).any():
        raise InputError(f"{name} must be strings or whole numbers, got NaT.")
    for unit in _STEPS:
        coarse = times.astype(f"datetime64[{unit}]")
        if (coarse == times).all():
            break
    return np.char.replace(np.datetime_as_string(coarse), "T", " ")


def counting(ids: np.ndarray, start: int = 0) -> bool:
    """Return whether ids are the numbers ``start, start + 1, ...`` in some order."""
    first = np.arange(start, start + len(ids)).astype(str)
    return bool(np.array_equal(np.sort(ids), np.sort(first)))


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
