"""Prepared fMRI responses of several subjects: betas, the images shown, ceilings and regions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.responses._formats.arrays import npy, npz
from unbraid.responses._load import load
from unbraid.responses.labelled._ids import as_ids
from unbraid.responses.labelled._responses import Responses


@documented_answer
@dataclass(frozen=True, eq=False)
class Betas:
    """One subject's responses to images, with what noise allows each voxel."""

    responses: Responses
    """Rows are images, under their ids."""
    ceiling: np.ndarray | None
    """(voxels,) best correlation, NaN where a voxel is not reliable; none: not known."""


def betas(folder: Any, subject: int, *, region: str | None = None) -> Betas:
    """Responses of one subject, prepared as arrays of images by voxels.

    Parameters
    ----------
    folder : str or Path
        Holds for subject ``1`` (NSD's, for example) ``subj1.npy`` (images, voxels), ids of the
        images in the same order in ``subj1_images.npy`` or ``subj1.stimuli.txt`` (one per line),
        and, if there are any, ``subj1_ceilings.npy`` (voxels,) and ``subj1_regions.npz``: a mask
        (voxels,) under each region's name.
    subject : int
        Number in the files' names.
    region : str, optional
        Only the voxels of this region.

    Returns
    -------
    Betas
        Responses with the images' ids, and the ceiling of each voxel where it is known.

    Raises
    ------
    InputError
        Missing files; ids, ceilings or masks of another number; an unknown region; ceilings
        outside [0, 1].

    Notes
    -----
    Betas of 64 MiB or more stay on disk until voxels are chosen. Nothing is unpickled.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> folder = Path(tempfile.mkdtemp())
    >>> np.save(folder / "subj1.npy", np.eye(3))
    >>> np.save(folder / "subj1_images.npy", np.array([11, 12, 13]))
    >>> np.savez(folder / "subj1_regions.npz", V1=np.array([True, False, True]))
    >>> betas(folder, 1, region="V1").responses
    Responses(3 stimuli x 2 units)
    """
    where = as_path(folder, "folder")
    path = where / f"subj{subject}.npy"
    if not path.is_file():
        there = sorted(p.stem for p in where.glob("subj*.npy") if "_" not in p.stem)
        raise InputError(f"{path} does not exist; there are {', '.join(there) or 'no subjects'}.")
    whole = load(path)
    n, p = whole.shape
    beside = where / f"{path.stem}_images.npy"
    ids = npy.read_array(beside) if beside.is_file() else whole.stimuli
    if ids is None:
        raise InputError(f"{beside} (or {npy.ids_path(path)}), ids of the images, does not exist.")
    ids = as_ids(ids, n, beside.stem)
    ceiling = _ceiling(where / f"subj{subject}_ceilings.npy", p)
    keep = np.ones(p, bool)
    if region is not None:
        keep = _mask(where / f"subj{subject}_regions.npz", region, p)
    values = whole.values if keep.all() else whole.values[:, keep]
    return Betas(
        Responses(
            values,
            stimuli=ids,
            made_by={"subject": int(subject), "region": region},
        ),
        None if ceiling is None else ceiling[keep],
    )


def _ceiling(path: Path, p: int) -> np.ndarray | None:
    if not path.is_file():
        return None
    found = npy.read_array(path)
    if found.shape != (p,) or found.dtype.kind != "f":
        raise InputError(
            f"{path} must hold {p} real numbers, one per voxel, got {found.shape} {found.dtype}."
        )
    known = found[np.isfinite(found)]
    if np.isinf(found).any() or (known < 0).any() or (known > 1).any():
        raise InputError(
            f"{path} must hold correlations in [0, 1] (NaN: not reliable), got "
            f"{np.nanmin(found):.3g} to {np.nanmax(found):.3g}. Divide percents by 100 and take "
            "the root of explainable variance."
        )
    return np.where(found > 0, found, np.nan).astype(float)


def _mask(path: Path, region: str, p: int) -> np.ndarray:
    if not path.is_file():
        raise InputError(f"{path} does not exist, so region {region!r} is not known.")
    masks = npz.read_arrays(path)
    if region not in masks:
        raise InputError(f"{path} has no region {region!r}; it has {', '.join(masks)}.")
    mask = masks[region]
    if mask.shape != (p,) or mask.dtype != bool:
        raise InputError(
            f"{path}: {region!r} must be a mask of {p} voxels, got {mask.shape} {mask.dtype}."
        )
    if not mask.any():
        raise InputError(f"{path}: region {region!r} has no voxel.")
    return mask
