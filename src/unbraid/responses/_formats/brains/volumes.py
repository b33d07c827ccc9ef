"""A folder of three-dimensional NIfTI images, one per stimulus: betas as SPM or nilearn write."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_memory
from unbraid.responses._formats.brains.nifti import image_of, mask_of
from unbraid.responses._formats.meaning._arrange import arrange
from unbraid.responses.labelled._responses import Responses

_ENDS = (".nii", ".nii.gz")
_MASKS = re.compile(r"(.*[_-])?mask\.nii(\.gz)?$")
_BYTES = 400  # that a voxel's name takes until it is an id


def is_folder(path: Path) -> bool:
    """Return whether a folder holds NIfTI images."""
    return path.is_dir() and any(_is_image(each) for each in path.iterdir())


def read(path: Path, values: str = "*", mask: Any = None, stimuli: Any = None) -> Responses:
    """Read one image per stimulus; ``values``: a pattern of their names, such as ``beta_*.nii``.

    Stimuli are called by the files' names, without ending, in the order of the numbers in these;
    or as ``stimuli`` lists them. ``mask``: NIfTI file, units are its non-zero voxels; by default
    the one ``mask.nii`` or ``*_mask.nii.gz`` in the folder, and where there is none the voxels that
    are a number in every image.
    """
    held = [each for each in path.iterdir() if _is_image(each)]
    own = [each for each in held if _MASKS.fullmatch(each.name)]
    if mask is None and len(own) > 1:
        raise InputError(
            f"{path} holds several masks ({', '.join(sorted(each.name for each in own)[:4])}): say "
            "mask=FILE."
        )
    where = as_path(mask, "mask") if mask is not None else (own[0] if own else None)
    taken = {each.resolve() for each in own} | ({where.resolve()} if where else set())
    files = sorted(
        (each for each in path.glob(values) if _is_image(each) and each.resolve() not in taken),
        key=lambda each: [int(part) if part.isdigit() else part
                          for part in re.split(r"(\d+)", each.name)],
    )  # fmt: skip
    if not files:
        raise InputError(
            f"{path} holds no image called {values!r}; it has "
            f"{', '.join(sorted(each.name for each in held)[:4])}."
        )
    names = [_stem(each) for each in files] if stimuli is None else stimuli
    if len(names) != len(files):
        raise InputError(f"stimuli must be {len(files)} labels, one per image, got {len(names)}.")
    rows, inside = _stacked(files, where)
    units = ["-".join(map(str, place)) for place in np.argwhere(inside).tolist()]
    made_by = {"mask": None if where is None else str(where), "images": values}
    return arrange(rows, None, str(path), stimuli=names, units=units, made_by=made_by,
                   trials=stimuli is not None)  # fmt: skip


def _stacked(files: list[Path], mask: Path | None) -> tuple[np.ndarray, np.ndarray]:
    """Return the voxels inside (n, p) of all images, and which these are."""
    first, place = _volume(files[0])
    inside = mask_of(files[0], first[..., None], place, mask)
    check_memory(len(files) * first.size * 4 + _BYTES * int(inside.sum()), str(files[0].parent))
    rows = np.empty((len(files), int(inside.sum())), np.float32)
    for row, file in zip(rows, files, strict=True):
        volume, own_place = _volume(file)
        if volume.shape != first.shape or not np.allclose(own_place, place, rtol=0, atol=0.1):
            raise InputError(
                f"{file} has other voxels than {files[0].name}: shape {volume.shape} and "
                f"{first.shape}, or affines that differ. Name those meant: values='beta_*.nii'."
            )
        row[:] = volume[inside]
    known = np.isfinite(rows).all(axis=0)
    if mask is not None and not known.all():
        raise InputError(
            f"{mask} holds {int((~known).sum())} voxels that are NaN in an image: give a mask of "
            "voxels that all images have."
        )
    if not known.any():
        raise InputError(f"{files[0].parent}: no voxel is a number in every image.")
    inside[inside] = known
    return rows[:, known], inside


def _volume(path: Path) -> tuple[np.ndarray, np.ndarray]:
    volume, _, place = image_of(path)
    volume = volume[..., 0] if volume.ndim == 4 and volume.shape[3] == 1 else volume
    if volume.ndim != 3:
        raise InputError(
            f"{path} must have 3 axes, one image per stimulus, got {volume.shape}: a series of "
            "volumes is a file, not a folder of them."
        )
    return volume, place


def _is_image(path: Path) -> bool:
    return path.name.lower().endswith(_ENDS) and path.is_file()


def _stem(path: Path) -> str:
    return re.sub(r"\.nii(\.gz)?$", "", path.name, flags=re.IGNORECASE)
