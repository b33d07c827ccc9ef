"""CIFTI-2: vertices, voxels or parcels are units; a row per map, or per event of a series."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file, check_memory
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats.brains._events import check_delay, of_events
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses.labelled._responses import Responses

_STRUCTURE = "CIFTI_STRUCTURE_"
_SECONDS = "SECOND"  # the unit of a series in time
_NAME_BYTES = 400  # that a unit's name takes until it is an id


def read(
    path: Path,
    events: Any = None,
    stimuli: Any = None,
    delay: float = 5.0,
    tr: float | None = None,
    structures: str | None = None,
) -> Responses:
    """Read a dense or parcellated series, or maps.

    A series (``.dtseries``, ``.ptseries``) is cut by ``events``, as that of a NIfTI file is:
    a table with ``onset`` and ``duration`` in seconds and a column of labels; without events
    ``stimuli`` may list a label for each point in time. Maps (``.dscalar``, ``.pscalar``) are
    called by their own names. ``structures`` names those that are taken, such as ``"CORTEX_LEFT
    CORTEX_RIGHT"``. Rows of one label are repeats.
    """
    check_delay(delay)
    rows, columns, values = _opened(path)
    units = _units(columns)
    if structures is not None:
        kept = _of_structures(path, columns, structures)
        values, units = values[:, kept], [u for u, mine in zip(units, kept, strict=True) if mine]
    made_by: dict[str, Any] = {"structures": structures}
    labels = stimuli
    named = type(rows).__name__ == "ScalarAxis"
    if events is not None:
        if named:
            raise InputError(f"{path} holds maps, not a series in time: leave out events=.")
        tr = _spacing(rows) if tr is None else tr
        values, labels = of_events(path, values, as_path(events), stimuli, delay, tr)
        made_by |= {"events": str(events), "delay": delay, "tr": tr}
    elif labels is None and named:
        labels = [str(name) for name in rows.name]
    elif labels is not None and len(labels) != len(values):
        raise InputError(
            f"stimuli must be {len(values)} labels, one per row of {path}, got {len(labels)}."
        )
    return arrange(
        values, None, str(path), stimuli=labels, units=units, made_by=made_by,
        trials=labels is not None,
    )  # fmt: skip


def _opened(path: Path) -> tuple[Any, Any, np.ndarray]:
    """Return the axis of rows, the axis of units and the numbers (rows, units)."""
    size = check_file(path)
    nibabel = need("nibabel", "brain", "CIFTI")
    with reading(path, "CIFTI"):
        image = nibabel.Cifti2Image.from_filename(path)
        shape = tuple(int(side) for side in image.shape)
        axes = [image.header.get_axis(i) for i in range(len(shape))]
        dtype = image.nifti_header.get_data_dtype()
    kinds = [type(axis).__name__ for axis in axes]
    if (
        len(shape) != 2
        or kinds[0] not in ("SeriesAxis", "ScalarAxis")
        or kinds[1] not in ("BrainModelAxis", "ParcelsAxis")
    ):
        raise InputError(
            f"{path} must hold a series or maps of vertices, voxels or parcels, got "
            f"{' x '.join(kind.removesuffix('Axis').lower() for kind in kinds)}."
        )
    if dtype.kind not in "fiu":
        raise InputError(f"{path} holds {dtype} numbers, expected real ones.")
    if math.prod(shape) * dtype.itemsize > size:
        raise InputError(f"{path} is truncated: {shape} needs more than its {size} bytes.")
    check_memory(math.prod(shape) * 4 + _NAME_BYTES * shape[1], str(path))
    with reading(path, "CIFTI"):
        return axes[0], axes[1], np.asarray(image.get_fdata(dtype=np.float32))


def _units(axis: Any) -> list[str]:
    """Return names of parcels, of vertices (CORTEX_LEFT-12) and of voxels (THALAMUS_LEFT-1-2-1)."""
    if type(axis).__name__ == "ParcelsAxis":
        return [str(name) for name in axis.name]
    owners = [str(name).removeprefix(_STRUCTURE) for name in axis.name]
    places = [
        str(vertex) if vertex >= 0 else "-".join(map(str, voxel))
        for vertex, voxel in zip(axis.vertex.tolist(), axis.voxel.tolist(), strict=True)
    ]
    return [f"{owner}-{place}" for owner, place in zip(owners, places, strict=True)]


def _of_structures(path: Path, axis: Any, structures: str) -> np.ndarray:
    if type(axis).__name__ == "ParcelsAxis":
        raise InputError(f"{path} holds parcels, which have no structures: leave out structures=.")
    owners = np.array([str(name).removeprefix(_STRUCTURE) for name in axis.name])
    asked = str(structures).upper().replace(",", " ").split()
    held = sorted(set(owners.tolist()))
    unknown = [name for name in asked if name.removeprefix(_STRUCTURE) not in held]
    if unknown or not asked:
        raise InputError(f"{path} has no structure {structures!r}; it has {', '.join(held)}.")
    return np.isin(owners, [name.removeprefix(_STRUCTURE) for name in asked])


def _spacing(axis: Any) -> float:
    return float(axis.step) if str(axis.unit).upper() == _SECONDS else 0.0
