"""NIfTI: voxels in a mask are units; volumes are stimuli, or are averaged after each event."""

from __future__ import annotations

import gzip
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file, check_memory
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats.brains._events import check_delay, of_events
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses.labelled._responses import Responses

_APART = 0.1  # millimetres
_STEP = 2**20  # bytes at a time
_SECONDS = {"sec": 1.0, "unknown": 1.0, "msec": 1e-3, "usec": 1e-6}
_NAME_BYTES = 400  # that a voxel's name takes until it is an id


def read(
    path: Path,
    mask: Any = None,
    events: Any = None,
    stimuli: Any = None,
    delay: float = 5.0,
    tr: float | None = None,
) -> Responses:
    """Read a series of volumes.

    ``mask``: NIfTI file, units are its non-zero voxels. ``events``: table (.tsv) with ``onset``
    and ``duration`` in seconds and a column of labels (``stimuli`` names it); an event's row is
    the mean of the volumes that begin in ``[onset + delay, onset + delay + max(duration, tr))``.
    Without events, ``stimuli`` may list a label for each volume. Rows of one label are repeats.
    """
    volumes, spacing, place = image_of(path)
    if volumes.ndim != 4:
        raise InputError(f"{path} must have 4 axes (x, y, z, time), got {volumes.shape}.")
    inside = mask_of(path, volumes, place, mask)
    check_delay(delay)
    check_memory(_NAME_BYTES * int(inside.sum()), f"{path}: {int(inside.sum())} voxels")
    series = volumes[inside].T  # (volumes, voxels)
    units = ["-".join(map(str, place)) for place in np.argwhere(inside).tolist()]
    made_by: dict[str, Any] = {"mask": None if mask is None else str(mask)}
    if events is None:
        labels = stimuli
        if labels is not None and len(labels) != len(series):
            raise InputError(
                f"stimuli must be {len(series)} labels, one per volume, got {len(labels)}."
            )
    else:
        tr = spacing if tr is None else tr
        series, labels = of_events(path, series, as_path(events), stimuli, delay, tr)
        made_by |= {"events": str(events), "delay": delay, "tr": tr}
    return arrange(
        series, None, str(path), stimuli=labels, units=units, made_by=made_by,
        trials=labels is not None,
    )  # fmt: skip


def image_of(path: Path) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the numbers, the seconds between volumes (0: not told), and where voxels lie."""
    size = check_file(path)
    nibabel = need("nibabel", "brain", ".nii")
    with reading(path, "NIfTI"), _quiet(nibabel.imageglobals.logger):
        kind = {348: nibabel.Nifti1Image, 540: nibabel.Nifti2Image}.get(_header_size(path))
        if kind is None:
            raise InputError(f"{path} is not a NIfTI file.")
        image = kind.from_filename(path)
        _check_header(path, image.header)
        count = math.prod(int(side) for side in image.shape)
        stored = count * image.header.get_data_dtype().itemsize
        if path.suffix.lower() != ".gz" and stored > size:
            raise InputError(f"{path} is truncated: {image.shape} needs {stored} bytes.")
        check_claim(stored + count * 4, size, str(path))
        zooms, unit = image.header.get_zooms(), image.header.get_xyzt_units()[1]
        if unit not in _SECONDS:
            raise InputError(f"{path}: its fourth axis is in {unit}, expected volumes in time.")
        spacing = float(zooms[3]) * _SECONDS[unit] if len(zooms) > 3 else 0.0
        if path.suffix.lower() == ".gz":
            _check_sum(path, int(image.dataobj.offset) + stored)
        volumes, begins = np.asarray(image.get_fdata(dtype=np.float32)), image.header["toffset"]
    if begins and np.isfinite(begins):
        warnings.warn(
            f"{path} says that its first volume was taken at {float(begins):g}; onsets of events "
            "are counted from the first volume.",
            RuntimeWarning,
            stacklevel=5,
        )
    return volumes, spacing, image.affine


def _header_size(path: Path) -> int:
    """Return the size that a header begins with: it distinguishes NIfTI-1 from NIfTI-2."""
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
        first = stream.read(4)
    sizes = {int.from_bytes(first, order) for order in ("little", "big")}
    return next(iter(sizes & {348, 540}), 0)


def _check_sum(path: Path, expected: int) -> None:
    """Read a packed file to its end: only there stands its checksum, and nibabel stops before."""
    found = 0
    with gzip.open(path) as stream:
        while found <= expected + _STEP and (block := stream.read(_STEP)):
            found += len(block)
    if found > expected + _STEP:
        raise InputError(f"{path} holds more than the {expected} bytes that its header tells of.")


def _check_header(path: Path, header: Any) -> None:
    """Refuse volumes that are not one real number a voxel."""
    dtype, intent = header.get_data_dtype(), int(header["intent_code"])
    if dtype.kind not in "fiu":
        raise InputError(f"{path} holds {dtype} voxels, expected real numbers.")
    if 3000 <= intent <= 3100:
        raise InputError(
            f"{path} is a CIFTI file: call it *.dtseries.nii (a series) or *.dscalar.nii (maps)."
        )


@contextmanager
def _quiet(logger: Any) -> Iterator[None]:
    """Keep nibabel's remarks on odd headers off stderr."""
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def mask_of(path: Path, volumes: np.ndarray, place: np.ndarray, mask: Any) -> np.ndarray:
    """Return which voxels (x, y, z) are units: those of the mask, or all."""
    if mask is None:
        return np.ones(volumes.shape[:3], bool)
    where = as_path(mask, "mask")
    inside, _, own_place = image_of(where)
    inside = np.nan_to_num(inside)  # NaN stands outside the brain
    inside = inside[..., 0] if inside.ndim == 4 and inside.shape[3] == 1 else inside
    if inside.shape != volumes.shape[:3]:
        raise InputError(f"{where} must have shape {volumes.shape[:3]}, got {inside.shape}.")
    if not (inside != 0).any():
        raise InputError(f"{where} holds no voxel.")
    values = np.unique(inside)
    if len(values) > 2:
        raise InputError(
            f"{where} must be 0 outside and one number inside, got {len(values)} numbers "
            f"({values[0]:g} to {values[-1]:g}): a map of probabilities, or an atlas? Say where it "
            "is inside, and save that as a mask."
        )
    if not np.allclose(own_place, place, rtol=0, atol=_APART):
        warnings.warn(
            f"{where} and {path} say that their voxels lie elsewhere (their affines differ): is "
            "the mask of the same space?",
            RuntimeWarning,
            stacklevel=4,
        )
    return inside != 0
