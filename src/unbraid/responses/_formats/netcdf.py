"""NetCDF by xarray, Brain-Score's assemblies among them: presentation x neuroid [x time_bin]."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats import hdf5
from unbraid.responses._formats._dimensions import of_array
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import Wanted
from unbraid.responses._responses import Responses


def read(
    path: Path,
    values: str | None = None,
    stimuli: str | None = None,
    units: str | None = None,
    time: str | None = None,
    axes: str | None = None,
    select: Mapping[str, Any] | None = None,
) -> Responses:
    """Read an array with named dimensions; presentations of one stimulus become repeats.

    ``values`` is the variable, ``stimuli`` and ``units`` are coordinates with ids; ``axes`` names
    the dimensions where their own names do not say it. ``select={"layer": "conv5"}`` keeps what
    these coordinates say; a file of several layers or regions is not read without it.
    """
    size = check_file(path)
    with path.open("rb") as stream:
        classic = stream.read(3) == b"CDF"
    if not classic:
        _check_inside(path)
    xarray = need("xarray", "brain", path.suffix)
    wanted = Wanted(values=values, stimuli=stimuli, units=units, time=time, axes=axes,
                    select=select)  # fmt: skip
    with (
        reading(path, "netCDF"),
        xarray.open_dataset(
            path, engine="scipy" if classic else "h5netcdf", decode_times=False
        ) as data,
    ):
        return of_dataset(path, data, size, wanted)


def of_dataset(path: Path, data: Any, size: int, wanted: Wanted) -> Responses:
    """Return the responses that an xarray dataset holds."""
    array = _variable(path, data, wanted.values)
    check_claim(array.size * array.dtype.itemsize, size, f"{path}: {array.name}")
    return of_array(str(path), array, wanted)


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
