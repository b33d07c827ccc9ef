"""NetCDF by xarray, Brain-Score's assemblies among them: presentation x neuroid [x time_bin]."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats.arrays import hdf5
from unbraid.responses._formats.arrays._chunks import check_stored, check_texts
from unbraid.responses._formats.arrays._packed import without
from unbraid.responses._formats.meaning._arrange import of_array
from unbraid.responses._formats.meaning._dimensions import names_axis
from unbraid.responses._formats.meaning._entry import plain
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses._said import Said, report
from unbraid.responses.labelled._responses import Responses

_DEFAULT_FILLS = {  # what netCDF's library leaves where nothing was written
    "f4": 9.969209968386869e36, "f8": 9.969209968386869e36, "i4": -2147483647,
    "i8": -9223372036854775806, "i2": -32767,
}  # fmt: skip
_VALID = ("valid_min", "valid_max", "valid_range")
_SILENT = ("coordinates", "grid_mapping", "cell_methods", "standard_name", "long_name")


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
    inside = [] if classic else _check_inside(path)
    xarray = need("xarray", "brain", path.suffix)
    wanted = Wanted(values=values, stimuli=stimuli, units=units, time=time, axes=axes,
                    select=select)  # fmt: skip
    with (
        reading(path, "netCDF"),
        xarray.open_dataset(
            path, engine="scipy" if classic else "h5netcdf", decode_times=False
        ) as data,
    ):
        if inside and values is None:
            raise InputError(
                f"{path} holds groups, which are not read ({', '.join(inside[:8])}); if its root "
                "holds the responses, say values=NAME."
            )
        named = [str(n) for n, v in data.data_vars.items() if v.ndim == 1 and names_axis(n, v)]
        array, left = variable_of(path, data.set_coords(named), size, values)
    return responses_of(path, array, wanted, [*inside, *left])


def variable_of(path: Path, data: Any, size: int, wanted: str | None) -> tuple[Any, list[str]]:
    """Return a dataset's variable of responses, read, and the names of what was not."""
    array = _variable(path, data, wanted)
    check_claim(array.size * array.dtype.itemsize, size, f"{path}: {array.name}")
    said = Said(f"{path}: {array.name}", array.attrs)
    array = array.load()
    array = array.copy(data=_valid(array.values, array, said))
    said.skip(*_SILENT)
    said.settle()
    Said(str(path), data.attrs).settle()
    told = (str, int, float)  # kept as provenance
    left = [n for n, v in array.attrs.items() if n not in _VALID and not isinstance(v, told)]
    left = [f"{array.name}@{name}" for name in left]
    return array, left + [str(n) for n in data.variables if n not in (array.name, *array.dims)]


def responses_of(path: Path, array: Any, wanted: Wanted, left: Sequence[str]) -> Responses:
    """Return responses, and in ``made_by`` what was not used."""
    found = of_array(str(path), array, wanted)
    return replace(found, made_by=report(found.made_by, left))


def _check_inside(path: Path) -> list[str]:
    """Check every dataset before xarray opens it; return those in groups, which it leaves out."""
    with hdf5.open_file(path) as file:
        held = hdf5.contents(path, file)
        if held.links:
            raise InputError(f"{path}: {next(iter(held.links))} is a link, which is not followed.")
        for name in held.entries:
            data, where = file[name], f"{path}: {name}"
            hdf5.check_inside(where, data)
            with reading(path, "netCDF"):
                if data.shape is None:
                    continue
                stored = data.id.get_storage_size()
                without_values = not stored and is_dimension(data)
                if not without_values:
                    check_claim(data.size * data.dtype.itemsize, stored, where)
                    check_stored(where, data)
                if hdf5.is_text(data.dtype):
                    check_texts(where, data, path.stat().st_size)
        return [name for name in held.entries if "/" in name]


def is_dimension(data: Any) -> bool:
    """Return whether a dataset stands for a dimension that has no numbers of its own."""
    name = data.attrs.get("NAME", b"")
    return plain(name).startswith("This is a netCDF dimension but not a netCDF variable")


def _valid(values: np.ndarray, array: Any, said: Said) -> np.ndarray:
    """Return values with NaN where nothing was written or the range that is valid is left."""
    since = str(said.take("units", "")).split()[1:2] == ["since"]
    if since or array.attrs.get("flag_meanings"):
        raise InputError(f"{said.where} holds dates or categories, expected responses.")
    said.skip("flag_*")
    low, high = said.take("valid_min"), said.take("valid_max")
    if (both := said.take("valid_range")) is not None and np.size(both) == 2:
        low, high = both
    if (low, high) != (None, None) and {"scale_factor", "add_offset"} & set(array.encoding):
        raise InputError(f"{said.where} is packed and has a valid range; unpack it first.")
    gone = np.zeros(values.shape, bool)
    gone |= False if low is None else values < low
    gone |= False if high is None else values > high
    if "_FillValue" not in array.encoding and values.dtype.str[1:] in _DEFAULT_FILLS:
        gone |= values == values.dtype.type(_DEFAULT_FILLS[values.dtype.str[1:]])
    return without(values, gone)


def _variable(path: Path, data: Any, wanted: str | None) -> Any:
    if wanted is not None:
        if wanted not in data:
            raise InputError(f"{path} has no variable {wanted!r}; it has {', '.join(data)}.")
        return data[wanted]
    found = [n for n, v in data.data_vars.items() if v.ndim > 1 and v.dtype.kind in "fiubcmMV"]
    if len(found) != 1:
        held = ", ".join(f"{name} {v.dims}" for name, v in data.data_vars.items()) or "nothing"
        raise InputError(f"{path} must hold one array; say values=NAME. It holds {held}.")
    return data[found[0]]
