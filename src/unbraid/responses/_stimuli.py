"""Whatever stimuli are, as something with a length, names, batches and a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._images import Images, images
from unbraid.responses._responses import as_ids


@dataclass(frozen=True, eq=False)
class Stimuli:
    """Stimuli to be shown to a model."""

    length: int
    ids: np.ndarray
    batch: Callable[[int, int], Any] = field(repr=False)
    """Stimuli from one number up to another: a list, or an array with rows."""
    fingerprint: Callable[[], str] = field(repr=False)


def as_stimuli(stimuli: Any, ids: Any) -> Stimuli:
    """Take images, a folder or zip of them, a list of texts, or an array with rows."""
    if isinstance(stimuli, str | Path):
        stimuli = images(stimuli)
    if isinstance(stimuli, Images):
        pictures = stimuli
        names = as_ids(pictures.names if ids is None else ids, len(pictures), "ids")
        return _made(
            names, lambda a, b: [pictures[i] for i in range(a, b)], lambda: pictures.fingerprint()
        )
    if isinstance(stimuli, list | tuple) and stimuli and all(isinstance(s, str) for s in stimuli):
        lines = list(stimuli)
        names = as_ids(np.arange(len(lines)) if ids is None else ids, len(lines), "ids")
        return _made(names, lambda a, b: lines[a:b], lambda: _hash("\0".join(lines).encode()))
    array = stimuli.detach().cpu().numpy() if hasattr(stimuli, "detach") else stimuli
    try:
        array = np.asarray(array)
    except ValueError:
        raise InputError("Stimuli of different sizes: give images(...) and preprocess.") from None
    if array.dtype.kind not in "fiub" or array.ndim < 2 or not len(array):
        raise InputError(
            "stimuli must be images, a folder or zip of images, a list of texts, or an array "
            f"(n_stimuli, ...), got {type(stimuli).__name__} of shape {array.shape} {array.dtype}."
        )
    names = as_ids(np.arange(len(array)) if ids is None else ids, len(array), "ids")
    about = f"{array.dtype.str}{array.shape}".encode()
    return _made(
        names, lambda a, b: array[a:b], lambda: _hash(about, np.ascontiguousarray(array).data)
    )


def _made(ids: Any, batch: Callable[[int, int], Any], digest: Callable[[], str]) -> Stimuli:
    return Stimuli(len(ids), ids, batch, digest)


def _hash(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
