"""Checks at the public boundary: done once, so that private code can trust its inputs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError

_LEAST = 1e-60  # of the largest value: its fourth power is far from the ends of float64
_NUMBERS_PER_CHECK = 2**22  # checked at once, so that a memory map is never read whole


def as_rng(rng: int | np.random.Generator | None) -> np.random.Generator:
    """Turn a seed, a generator or None into a generator; no global state is touched."""
    if isinstance(rng, np.random.Generator):
        return rng
    whole = isinstance(rng, int | np.integer) and not isinstance(rng, bool)
    if rng is None or (whole and rng >= 0):
        return np.random.default_rng(rng)
    raise InputError(f"rng must be a non-negative integer, a numpy Generator or None, got {rng!r}.")


def check_count(value: Any, name: str, least: int = 0) -> None:
    """Refuse anything but a whole number that is at least ``least``."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool | np.bool_)
    if not (whole and value >= least):
        raise InputError(f"{name} must be a whole number >= {least}, got {value!r}.")


def check_number(value: Any, name: str) -> None:
    """Refuse anything but a real number; NaN and infinity are for the caller to judge."""
    numbers = int | float | np.integer | np.floating
    if not isinstance(value, numbers) or isinstance(value, bool | np.bool_):
        raise InputError(f"{name} must be a number, got {value!r}.")


def check_callable(value: Any, name: str) -> None:
    """Refuse anything but a function, such as the name of one."""
    if not callable(value):
        raise InputError(f"{name} must be a function such as unbraid.align.ridge, got {value!r}.")


def check_mapping(value: Any, name: str) -> None:
    """Refuse anything but a mapping of names to systems."""
    if not isinstance(value, Mapping):
        raise InputError(
            f"{name} must be a mapping of names to responses, got {type(value).__name__}. "
            'Pass {"name": values, ...}.'
        )


def check_no_path(
    value: Any, name: str, what: str = "hold real numbers", how: str = "unbraid.load({path!r})"
) -> None:
    """Refuse the name of a file where its content belongs; ``how`` says how to read it."""
    if isinstance(value, str | bytes | os.PathLike):
        path = os.fsdecode(value)[:200]
        raise InputError(
            f"{name} must {what}, got the text {path!r}. If it names a file, read that first: "
            f"{how.format(path=path)}."
        )


def as_floats(values: Any, name: str) -> np.ndarray:
    """Return a float array (float32 and float64 kept, the rest widened), refusing non-numbers."""
    check_no_path(values, name)
    array = _to_numpy(values, name)
    if array.dtype.kind not in "fiub":
        came = f"dtype {array.dtype}" if array.ndim else f"a {type(values).__name__}"
        raise InputError(f"{name} must hold real numbers, got {came}. {_as_numbers(array)}")
    if array.dtype.kind != "f":
        return array.astype(np.float64)
    if array.dtype.itemsize < 4:
        return array.astype(np.float32)
    if array.dtype.itemsize > 8 or not array.dtype.isnative:
        return array.astype(np.float64 if array.dtype.itemsize != 4 else np.float32)
    return array


def as_matrix(values: Any, name: str) -> np.ndarray:
    """Return a finite float array of shape (n_stimuli, n_units), neither side empty."""
    array = as_floats(values, name)
    check_matrix_shape(array.shape, name)
    check_finite(array, name)
    return array


def _as_numbers(array: np.ndarray) -> str:
    """Return what to do with what are no real numbers."""
    if not array.ndim:
        return "Give an array of shape (n_stimuli, n_units)."
    if array.dtype.kind == "c":
        return "Take its real part (x.real), its size (abs(x)), or both side by side."
    if array.dtype.kind in "mM":
        return "Dates and durations are no responses; take the columns of numbers."
    return "Convert it with x.astype(float) first."


def check_matrix_shape(shape: tuple[int, ...], name: str) -> None:
    """Refuse anything that is not (n_stimuli, n_units) with at least one of each."""
    if len(shape) != 2:
        hint = " Use x.reshape(len(x), -1) to flatten each stimulus." if len(shape) > 2 else ""
        hint = hint or " Use x.reshape(-1, 1) if there is one unit."
        raise InputError(f"{name} must have shape (n_stimuli, n_units), got {shape}.{hint}")
    if 0 in shape:
        raise InputError(f"{name} must hold at least one stimulus and one unit, got shape {shape}.")


def check_finite(array: np.ndarray, name: str) -> None:
    """Refuse NaN and infinity, naming the first one and their number."""
    bad_total, first = 0, None
    step = max(1, _NUMBERS_PER_CHECK // max(1, array[:1].size))
    for start in range(0, len(array), step):
        bad = ~np.isfinite(array[start : start + step])
        if bad.any():
            bad_total += int(bad.sum())
            if first is None:
                first = tuple(int(i) for i in np.argwhere(bad)[0])
                first = (first[0] + start, *first[1:])
    if first is not None:
        value = array[first]
        raise InputError(
            f"{name} must be finite, got {bad_total} NaN or infinite value(s), the first "
            f"({value}) at index {first}. Drop or impute those stimuli or units first."
        )


def check_scale(values: Any, name: str, least: float = _LEAST, most: float = 1 / _LEAST) -> None:
    """Refuse an array or CSR matrix whose powers would leave the range of its float type."""
    data = values.data if sp.issparse(values) else values
    largest = max(float(data.max()), -float(data.min())) if data.size else 0.0
    if largest and not least < largest < most:
        raise InputError(
            f"{name} must have a largest value between {least:g} and {most:g} in size, got "
            f"{largest:.3g}. Divide it by {largest:.1g} first."
        )


def _to_numpy(values: Any, name: str) -> np.ndarray:
    # a torch tensor, known without importing torch
    if hasattr(values, "detach") and hasattr(values, "layout"):
        if values.is_sparse or str(values.layout) != "torch.strided":
            raise InputError(f"{name} must be a dense tensor, got layout {values.layout}.")
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()
        values = values.numpy()
    if isinstance(values, np.ma.MaskedArray):
        if np.ma.is_masked(values):
            raise InputError(f"{name} has masked entries. Drop or fill them: x.filled(0).")
        values = values.data
    if isinstance(values, np.memmap):
        return values
    try:
        return np.asarray(values)
    except ValueError:
        raise InputError(
            f"{name} must be a rectangular array, got rows of different lengths."
        ) from None
    except (TypeError, RuntimeError) as error:
        raise InputError(
            f"{name} must be an array, got {type(values).__name__}: {error}."
        ) from None
