"""Arrays with named dimensions, of xarray: presentation x neuroid [x time_bin], and their ids."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats._foreign import need
from unbraid.responses._formats.meaning._axes import arranged, axis_of, naming
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._labels import Labelled

_STIMULUS_IDS = ("stimulus_id", "image_id", "stimuli", "stimulus", "image_file_name", "image",
                 "stimulus_path")  # fmt: skip
_UNIT_IDS = ("neuroid_id", "units", "unit_id", "unit", "neuron", "voxel", "channel")
_SYSTEMS = ("layer", "region", "model")  # values of which make systems of their own


def names_stimuli(dimension: str) -> bool:
    """Return whether a dimension's name says that it runs over stimuli."""
    return axis_of(dimension) == "stimuli"


def names_axis(name: Any, variable: Any) -> bool:
    """Return whether a variable beside the responses holds ids: by its name, or text."""
    return name in (*_STIMULUS_IDS, *_UNIT_IDS) or variable.dtype.kind in "OSUT"


def of_assembly(array: Any) -> Labelled:
    """Return numbers and names of a DataArray in memory; two unknown dimensions are as they lie."""
    names = [str(name) for name in array.dims]
    known = [axis_of(name) for name in names]
    axes = None
    if array.ndim == 2 and {*known} <= {None, "stimuli", "units"} and None in known:
        axes = "units stimuli" if known in (["units", None], [None, "stimuli"]) else "stimuli units"
    unknown = [name for name, axis in zip(names, known, strict=True) if axis is None]
    if unknown and axes is None:
        raise InputError(
            f"values: dimension {unknown[0]!r} is not known; rename it, values.rename({{"
            f"{unknown[0]!r}: 'presentation'}}) (or neuroid, repeat, time_bin)."
        )
    _check_one_system("values", array, (), "values[values.NAME == VALUE]")
    return labels_of("values", array, Wanted(axes=axes))


def labels_of(where: str, array: Any, wanted: Wanted) -> Labelled:
    """Return the numbers and names that an array with named dimensions holds."""
    array = _selected(where, array, wanted.select or {})
    names = (
        str(wanted.axes).split() if wanted.axes else [_axis(where, array, d) for d in array.dims]
    )
    dimension = dict(zip(names, array.dims, strict=False))
    if names.count("units") > 1:  # no name of one axis is that of a unit
        dimension.pop("units")
    stimuli = _ids(where, array, wanted.stimuli, _STIMULUS_IDS, dimension.get("stimuli"))
    units = _ids(where, array, wanted.units, _UNIT_IDS, dimension.get("units"))
    if units is not None and len(set(units.tolist())) < len(units):
        raise InputError(f"{where}: unit ids must be unique; say units=COORDINATE.")
    several = stimuli is not None and len(set(stimuli.tolist())) < len(stimuli)
    values = np.asarray(array.values)
    with naming(where, values, "named"):
        return arranged(
            values,
            " ".join(names),
            stimuli=stimuli,
            units=units,
            made_by={k: str(v) for k, v in array.attrs.items() if isinstance(v, str | int | float)},
            trials=wanted.trials or several,
            time=wanted.time,
        )


def _axis(where: str, array: Any, dimension: Any) -> str:
    known = axis_of(dimension)
    if known is None:
        raise InputError(
            f"{where}: dimension {str(dimension)!r} is not known; say axes='stimuli units' (or "
            f"repeats, time) for {array.dims}."
        )
    return known


def _selected(where: str, array: Any, select: Mapping[str, Any]) -> Any:
    """Return the part under the coordinates wanted; several layers are no one system."""
    if not isinstance(select, Mapping):
        raise InputError(f"select must be {{COORDINATE: VALUE}}, got {select!r}.")
    for name, value in select.items():
        if name not in array.coords or array.coords[name].ndim > 1:
            held = ", ".join(map(str, array.coords)) or "none"
            raise InputError(f"{where} has no coordinate {name!r} to select by; it has {held}.")
        texts = np.atleast_1d(array.coords[name].values).astype(str)
        kept = np.isin(texts, np.atleast_1d(value).astype(str))
        if not kept.any():
            raise InputError(f"{where}: {name} is never {value!r}; it is {_some(texts)}.")
        if array.coords[name].ndim:
            array = array.isel({array.coords[name].dims[0]: np.flatnonzero(kept)})
    _check_one_system(where, array, tuple(select), "load(path, select={'NAME': VALUE})")
    return array


def _check_one_system(where: str, array: Any, chosen: tuple[str, ...], how: str) -> None:
    """Refuse an array of several layers or regions unless the caller selected one."""
    for name in _SYSTEMS:
        if name in array.coords and array.coords[name].ndim == 1 and name not in chosen:
            texts = array.coords[name].values.astype(str)
            if len(set(texts.tolist())) > 1:
                how = how.replace("NAME", name).replace("VALUE", repr(str(texts[0])))
                raise InputError(
                    f"{where} holds several systems, {name} {_some(texts)}: choose, {how}."
                )


def _ids(where: str, array: Any, wanted: str | None, known: Any, dimension: Any) -> Any:
    """Return the ids of a dimension: the coordinate wanted, a known one, its own, the only text."""
    if wanted is not None and wanted not in array.coords:
        raise InputError(f"{where} has no coordinate {wanted!r}; it has {', '.join(array.coords)}.")
    along = [str(n) for n, c in array.coords.items() if c.dims == (dimension,)]
    if wanted is not None:
        if wanted not in along:
            raise InputError(f"{where}: coordinate {wanted!r} does not run over {dimension!r}.")
        return _texts(array.coords[wanted])
    own = [n for n in along if n == str(dimension) and not _counts_or_joins(array.coords[n])]
    for name in (*(n for n in known if n in along), *own):
        if not _joins(array.coords[name]):
            return _texts(array.coords[name])
    text = [
        n for n in along if array.coords[n].dtype.kind in "OSUT" and not _joins(array.coords[n])
    ]
    unique = [
        n for n in text if len(set(array.coords[n].values.tolist())) == array.sizes[dimension]
    ]
    if len(unique) == 1:
        return _texts(array.coords[unique[0]])
    if text and known is _STIMULUS_IDS:
        warnings.warn(
            f"{where}: its rows have no ids; of the coordinates {', '.join(text)} none is known to "
            "name the stimuli. If one does, say stimuli=NAME.",
            RuntimeWarning,
            stacklevel=5,
        )
    return None


def _joins(coordinate: Any) -> bool:
    """Return whether a coordinate is the tuples of several levels, which are present too."""
    return coordinate.dtype.kind == "O" and isinstance(next(iter(coordinate.values), None), tuple)


def _counts_or_joins(coordinate: Any) -> bool:
    values = coordinate.values
    counts = values.dtype.kind in "iu" and np.array_equal(values, np.arange(len(values)))
    return counts or _joins(coordinate)


def _texts(coordinate: Any) -> np.ndarray:
    """Return a coordinate's values; numbers that stand for dates become dates."""
    if " since " in str(coordinate.attrs.get("units", "")):
        xarray = need("xarray", "brain", "dates")
        plain = coordinate.reset_coords(drop=True).drop_vars(coordinate.dims, errors="ignore")
        return xarray.decode_cf(plain.to_dataset(name="ids"))["ids"].values
    return coordinate.values


def _some(texts: np.ndarray) -> str:
    found = list(dict.fromkeys(texts.tolist()))
    return ", ".join(found[:8]) + (", ..." if len(found) > 8 else "")
