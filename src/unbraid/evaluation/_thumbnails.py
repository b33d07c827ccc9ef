"""Pictures of the stimuli, small enough for a page."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Images, parts_of

_SIDE = 96  # pixels


def thumbnails(pictures: Images, stimuli: Any, n: int) -> np.ndarray:
    """Return the pictures of n stimuli, uint8 of shape (n, 96, 96, 3).

    By name where the stimuli have ids, in order where they have none (None).

    Raises
    ------
    InputError
        No picture for some stimulus; another number of pictures, without ids.
    """
    if stimuli is None:
        if len(pictures) != n:
            raise InputError(
                f"pictures must be one per stimulus, {n} without ids, got {len(pictures)}."
            )
        rows: Any = range(n)
    else:
        parts = parts_of(stimuli)
        stimuli = stimuli if parts is None else parts.names[parts.whole]
        row = {name: i for i, name in enumerate(pictures.names)}
        missing = [str(s) for s in stimuli if str(s) not in row]
        if missing:
            raise InputError(
                f"pictures must show each stimulus, got none named {missing[0]!r} (and "
                f"{len(missing) - 1} more); they are named like {pictures.names[0]!r}."
            )
        rows = [row[str(s)] for s in stimuli]
    return np.stack([shrunk(pictures[i]) for i in rows])


def shrunk(picture: np.ndarray, side: int = _SIDE) -> np.ndarray:
    """Return a picture (height, width, 3) scaled to fit a square, on grey."""
    from PIL import Image

    image = Image.fromarray(picture)
    image.thumbnail((side, side))
    canvas = Image.new("RGB", (side, side), (128, 128, 128))
    canvas.paste(image, ((side - image.width) // 2, (side - image.height) // 2))
    return np.asarray(canvas)
