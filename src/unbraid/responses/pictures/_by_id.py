"""Pictures of stimuli that have ids, small enough for a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from PIL import Image

from unbraid.errors import InputError
from unbraid.responses.labelled._parts import parts_of
from unbraid.responses.pictures._images import Images, images

_SIDE = 96  # pixels of a picture on a page, twice what a screen shows


def pictures_by_id(
    pictures: Images | str | Path, stimuli: Sequence[object] | np.ndarray
) -> Callable[[int], np.ndarray]:
    """Return what gives the picture of a stimulus by its place, matched by id.

    An id is the picture's name, with its suffix or without; of a part of it (``PICTURE@NUMBER``),
    that before the number.

    Parameters
    ----------
    pictures : Images or path
        A folder or zip of pictures.
    stimuli : sequence of n ids
        Each must have its picture.

    Returns
    -------
    function of a place to an array of shape (height, width, 3)
        uint8, at most 96 pixels high and wide.

    Raises
    ------
    InputError
        A stimulus without a picture.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cat", "dog"):
    ...         Image.new("RGB", (200, 100), "red").save(Path(folder) / f"{name}.png")
    ...     pictures_by_id(folder, ["dog"])(0).shape
    (48, 96, 3)
    """
    opened = pictures if isinstance(pictures, Images) else images(pictures)
    place = {name: at for at, name in enumerate(opened.names)}
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
            f"pictures must hold one for each stimulus, under its id: {opened.source} has "
            f"{len(found)} of {len(stimuli)}, and none of {lost!r} (its names are like "
            f"{opened.names[0] if opened.names else 'none'!r})."
        )
    return lambda where: _small(opened[found[where]])


def _small(picture: np.ndarray) -> np.ndarray:
    """Return a picture no larger than a page shows it."""
    shown = Image.fromarray(picture)
    shown.thumbnail((_SIDE, _SIDE))
    return np.asarray(shown)
