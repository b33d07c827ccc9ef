"""Arrays whose axes are in another order: ``axes="units stimuli repeats"`` and the like."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.responses.labelled._gather import averaged, gathered
from unbraid.responses.labelled._labels import Labelled

AXES = ("stimuli", "units", "repeats", "time")
_DIMENSIONS = {
    "stimuli": ("presentation", "presentations", "stimuli", "stimulus", "stimulus_id", "stim",
                "image", "images", "image_id", "picture", "pictures", "stimulus_path",
                "condition", "conditions", "item", "items"),
    "units": ("neuroid", "neuroids", "units", "unit", "neuron", "neurons", "voxel", "voxels",
              "channel", "channels", "neuroid_id", "cell", "cells", "electrode", "electrodes",
              "site", "sites", "roi", "rois", "parcel", "parcels", "vertex", "vertices"),
    "repeats": ("repeats", "repetition", "repeat", "trial"),
    "time": ("time_bin", "time", "frame", "frames", "timepoint", "timepoints"),
}  # fmt: skip


def arranged(
    array: Any,
    axes: str | None,
    *,
    stimuli: Any = None,
    units: Any = None,
    made_by: Mapping[str, Any] | None = None,
    trials: bool = False,
    time: str | None = None,
    repeats: Any = None,
) -> Labelled:
    """Return numbers and names from an array with named axes.

    ``axes`` names each axis in order. Repeats are averaged and kept. ``time`` says what becomes
    of several time bins: ``"mean"``, or ``"units"`` (every bin of every unit is a unit).
    ``trials``: rows with the same id are repeats of one stimulus.
    """
    if axes is None:
        values = array
    else:
        values, repeats = _ordered(array, axes, time)
        stimuli = _places(stimuli, array, axes)
        if time == "units" and units is not None and values.shape[1] % len(units) == 0:
            bins = np.arange(values.shape[1] // len(units)).astype(str)
            units = [f"{unit}@{t}" for unit in units for t in bins]
    if trials:
        if stimuli is None or repeats is not None:
            raise InputError(
                "rows are repeats of one stimulus (trials) only where ids say which: give one per "
                "trial, stimuli=NAME, and no repeats."
            )
        return gathered(values, stimuli, units=units, made_by=made_by)
    if axes is not None and repeats is not None:
        return averaged(repeats, stimuli=stimuli, units=units, made_by=made_by)
    return Labelled(values, stimuli, units, repeats, dict(made_by or {}))


@contextmanager
def naming(where: str, array: Any, axes: str | None) -> Iterator[None]:
    """Name the file in errors about an array of it, and say what can be given beside its path."""
    try:
        yield
    except InputError as error:
        text = str(error).replace("or pass them as repeats", "or say trials=True")
        if array_rank(array) > 2 and axes is None:
            text += (
                ' Or name its axes: axes="units stimuli repeats", "stimuli stimuli units" (texts, '
                'positions), "stimuli units units".'
            )
        raise InputError(f"{where}: {text}") from None


def axis_of(dimension: Any) -> str | None:
    """Return which axis a dimension of this name is, if its name says so."""
    name = str(dimension).strip().lower()
    known = (axis for axis, names in _DIMENSIONS.items() if name in names)
    return next(known, None)


def check_dimensions(where: str, dimensions: Sequence[str], axes: str | None) -> None:
    """Refuse an array whose dimensions' names say that it is not (stimuli, units)."""
    if axes is not None or not any(dimensions):
        return
    said = [axis_of(name) for name in dimensions]
    if said[0] not in (None, "stimuli") or (len(said) > 1 and said[1] not in (None, "units")):
        raise InputError(
            f"{where} has the dimensions {', '.join(map(str, dimensions))}; say which is which: "
            'axes="units stimuli" or the like.'
        )


def array_rank(array: Any) -> int:
    """Return the number of axes of an array, an array-like or a sparse matrix."""
    return len(getattr(array, "shape", ()))


def _ordered(array: Any, axes: str, time: str | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Return (values, repeats) with axes (stimuli, units) and (repeats, stimuli, units).

    Several axes of units (channel, row, column) become one, the last running fastest, as do
    several of stimuli (text, position).
    """
    names = str(axes).split()
    once = [name for name in names if name in ("repeats", "time")]
    if not {"stimuli", "units"} <= set(names) <= set(AXES) or len(set(once)) < len(once):
        raise InputError(
            f"axes must name each axis: stimuli and units (several of one become one), and maybe "
            f"repeats and time once, got {axes!r}."
        )
    values = _validate.as_floats(array, "values")
    if values.ndim != len(names):
        raise InputError(f"axes names {len(names)} axes ({axes}), the array has {values.shape}.")
    order = [
        place
        for axis in ("repeats", "stimuli", "units", "time")
        for place, name in enumerate(names)
        if name == axis
    ]
    values = values.transpose(order)
    for first, axis in ((names.count("repeats"), "stimuli"), (names.count("repeats") + 1, "units")):
        n_axes, sides = names.count(axis), values.shape
        if n_axes > 1:
            joined = math.prod(sides[first : first + n_axes])
            values = values.reshape(*sides[:first], joined, *sides[first + n_axes :])
    if "time" in names:
        values = _time(values, time)
    if "repeats" not in names:
        return values, None
    return values[0], values


def _places(stimuli: Any, array: Any, axes: str) -> Any:
    """Return ids of all places of several axes of stimuli: ``id@position`` from the first's ids."""
    sides = [
        side for side, name in zip(array.shape, str(axes).split(), strict=True) if name == "stimuli"
    ]
    if len(sides) < 2 or stimuli is None or len(stimuli) != sides[0]:
        return stimuli
    rest = ["@".join(map(str, place)) for place in np.ndindex(*sides[1:])]
    return [f"{own}@{place}" for own in stimuli for place in rest]


def _time(values: np.ndarray, time: str | None) -> np.ndarray:
    if values.shape[-1] == 1:
        return values[..., 0]
    if time == "mean":
        return values.mean(axis=-1)
    if time == "units":
        return values.reshape(*values.shape[:-2], -1)
    raise InputError(
        f"values have {values.shape[-1]} time bins; say time='mean' or time='units' (each bin of "
        f"each unit is a unit), got {time!r}."
    )
