"""Pictures of stimuli that have ids, small enough for a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from unbraid.errors import InputError
from unbraid.responses.labelled._parts import parts_of
from unbraid.responses.pictures._images import Images, images

_SIDE = 96  # pixels of a picture on a page, twice what a screen shows


def pictures_by_id(
    pictures: Images | Mapping[str, np.ndarray] | str | Path,
    stimuli: Sequence[object] | np.ndarray,
) -> Callable[[int], np.ndarray]:
    """Return what gives the picture of a stimulus by its place, matched by id.

    An id is the picture's name, with its suffix or without; of a part of it (``PICTURE@NUMBER``),
    that before the number.

    Parameters
    ----------
    pictures : Images, path, or mapping of ids to arrays
        A folder or zip of pictures, or uint8 arrays of shape (height, width[, 3]).
    stimuli : sequence of n ids
        Each must have its picture.

    Returns
    -------
    function of a place to an array of shape (height, width, 3)
        uint8, at most 96 pixels high and wide.

    Raises
    ------
    InputError
        A stimulus without a picture; an array that is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         Image.new("RGB", (200, 100), "red").save(Path(folder) / f"{name}.png")
    ...     pictures_by_id(folder, ["dog"])(0).shape
    (48, 96, 3)
    """
    source, names, picture = _opened(pictures)
    place = {name: at for at, name in enumerate(names)}
    stems: dict[str, list[int]] = {}
    for name, at in place.items():
        stems.setdefault(PurePosixPath(name).stem, []).append(at)
    found = {}
    parts = parts_of(stimuli)
    ids = list(map(str, stimuli if parts is None else parts.names[parts.whole]))
    for where, id in enumerate(ids):
        near = stems.get(PurePosixPath(id).stem, [])
        if id in place:
            found[where] = place[id]
        elif len(near) == 1:
            found[where] = near[0]
    if len(found) < len(stimuli):
        lost = next(id for at, id in enumerate(ids) if at not in found)
        raise InputError(
            f"pictures must hold one for each stimulus, under its id: {source} has "
            f"{len(found)} of {len(stimuli)}, and none of {lost!r} (its names are like "
            f"{names[0] if names else 'none'!r})."
        )
    return lambda where: _small(picture(found[where]))


def _opened(
    pictures: Images | Mapping[str, np.ndarray] | str | Path,
) -> tuple[str, Sequence[str], Callable[[int], np.ndarray]]:
    """Return what the pictures are called, their names, and what gives one by its place."""
    if not isinstance(pictures, Mapping):
        opened = pictures if isinstance(pictures, Images) else images(pictures)
        return str(opened.source), opened.names, lambda at: opened[at]
    arrays = [np.asarray(each) for each in pictures.values()]
    for name, array in zip(pictures, arrays, strict=True):
        if array.dtype != np.uint8 or array.ndim not in (2, 3) or array.shape[2:] not in ((), (3,)):
            raise InputError(
                "pictures must be uint8 arrays of shape (height, width) or (height, width, 3), "
                f"that of {name!r} is {array.dtype} of shape {array.shape}."
            )
    return "the mapping", [str(name) for name in pictures], lambda at: arrays[at]


def _small(picture: np.ndarray) -> np.ndarray:
    """Return a picture no larger than a page shows it."""
    shown = Image.fromarray(picture)
    shown.thumbnail((_SIDE, _SIDE))
    return np.asarray(shown)
