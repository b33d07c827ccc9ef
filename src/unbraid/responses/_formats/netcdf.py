"""NetCDF by xarray, Brain-Score's assemblies among them: presentation x neuroid [x time_bin]."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats import hdf5
from unbraid.responses._formats._axes import arrange
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import Wanted
from unbraid.responses._responses import Responses

_DIMENSIONS = {
    "stimuli": ("presentation", "stimuli", "stimulus", "stimulus_id", "image", "image_id"),
    "units": ("neuroid", "units", "unit", "neuron", "voxel", "channel", "neuroid_id"),
    "repeats": ("repeats", "repetition", "repeat", "trial"),
    "time": ("time_bin", "time"),
}
_STIMULUS_IDS = ("stimulus_id", "image_id", "stimuli", "stimulus", "image_file_name", "image")
_UNIT_IDS = ("neuroid_id", "units", "unit_id", "unit", "neuron", "voxel", "channel")


def read(
    path: Path,
    values: str | None = None,
    stimuli: str | None = None,
    units: str | None = None,
    time: str | None = None,
    axes: str | None = None,
) -> Responses:
    """Read an array with named dimensions; presentations of one stimulus become repeats.

    ``values`` is the variable, ``stimuli`` and ``units`` are coordinates with ids; ``axes`` names
    the dimensions where their own names do not say it.
    """
    size = check_file(path)
    with path.open("rb") as stream:
        classic = stream.read(3) == b"CDF"
    if not classic:
        _check_inside(path)
    xarray = need("xarray", "brain", path.suffix)
    wanted = Wanted(values=values, stimuli=stimuli, units=units, time=time, axes=axes)
    with (
        reading(path, "netCDF"),
        xarray.open_dataset(
            path, engine="scipy" if classic else "h5netcdf", decode_times=False
        ) as data,
    ):
        return of_dataset(path, data, size, wanted)


def names_stimuli(dimension: str) -> bool:
    """Return whether a dimension's name says that it runs over stimuli."""
    return dimension in _DIMENSIONS["stimuli"]


def of_dataset(path: Path, data: Any, size: int, wanted: Wanted) -> Responses:
    """Return the responses that an xarray dataset holds."""
    array = _variable(path, data, wanted.values)
    check_claim(array.size * array.dtype.itemsize, size, f"{path}: {array.name}")
    dimensions = [str(d) for d in array.dims]
    names = str(wanted.axes).split() if wanted.axes else [_axis(path, array, d) for d in dimensions]
    dimension = dict(zip(names, array.dims, strict=False))
    stimuli = _ids(path, array, wanted.stimuli, _STIMULUS_IDS, dimension.get("stimuli"))
    units = _ids(path, array, wanted.units, _UNIT_IDS, dimension.get("units"))
    if units is not None and len(set(units)) < len(units):
        raise InputError(f"{path}: unit ids must be unique; say units=COORDINATE.")
    return arrange(
        np.asarray(array.values),
        " ".join(names),
        str(path),
        stimuli=stimuli,
        units=units,
        made_by={k: str(v) for k, v in array.attrs.items() if isinstance(v, str | int | float)},
        trials=wanted.trials or (stimuli is not None and len(set(stimuli)) < len(stimuli)),
        time=wanted.time,
    )


def _check_inside(path: Path) -> None:
    """Check every dataset's claim and that none lies in another file."""
    with hdf5.open_file(path) as file:
        for name in hdf5.entries_of(path, file):
            data = file.get(name)
            if data is not None and (data.is_virtual or data.external):
                raise InputError(
                    f"{path}: {name} is stored in other files, which are not followed."
                )
            if data is not None and hdf5.is_text(data.dtype):
                with reading(path, "netCDF"):
                    hdf5.check_texts(path, name, data)
            if data is not None and data.ndim > 1:
                check_claim(data.size * data.dtype.itemsize, data.id.get_storage_size(), str(path))


def _variable(path: Path, data: Any, wanted: str | None) -> Any:
    if wanted is not None:
        if wanted not in data:
            raise InputError(f"{path} has no variable {wanted!r}; it has {', '.join(data)}.")
        return data[wanted]
    found = [n for n, v in data.data_vars.items() if v.ndim > 1 and v.dtype.kind in "fiub"]
    if len(found) != 1:
        held = ", ".join(f"{name} {v.dims}" for name, v in data.data_vars.items()) or "nothing"
        raise InputError(f"{path} must hold one array; say values=NAME. It holds {held}.")
    return data[found[0]]


def _axis(path: Path, array: Any, dimension: str) -> str:
    for axis, names in _DIMENSIONS.items():
        if dimension in names:
            return axis
    raise InputError(
        f"{path}: dimension {dimension!r} is not known; say axes='stimuli units' (or repeats, "
        f"time) for {array.dims}."
    )


def _ids(path: Path, array: Any, wanted: str | None, known: Any, dimension: Any) -> Any:
    if wanted is not None and wanted not in array.coords:
        raise InputError(f"{path} has no coordinate {wanted!r}; it has {', '.join(array.coords)}.")
    for name in (wanted,) if wanted else known:
        if name in array.coords and array.coords[name].dims == (dimension,):
            return array.coords[name].values.tolist()
    return None
