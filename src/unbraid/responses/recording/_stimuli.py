"""Whatever stimuli are, as something with a length, names, batches and a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file
from unbraid.responses.labelled._ids import as_ids
from unbraid.responses.pictures._images import Images, images
from unbraid.responses.pictures._pixels import rgb


@dataclass(frozen=True, eq=False)
class Stimuli:
    """Stimuli to be shown to a model."""

    length: int
    ids: np.ndarray
    batch: Callable[[int, int], Any] = field(repr=False)
    """Stimuli from one number up to another: a list, or an array with rows."""
    fingerprint: Callable[[], str] = field(repr=False)


def as_stimuli(stimuli: Any, ids: Any) -> Stimuli:
    """Take images, a folder or zip of them, texts (a list, or a file of lines), or an array."""
    if isinstance(stimuli, str | Path) and Path(stimuli).suffix.lower() == ".txt":
        stimuli = _lines(as_path(stimuli))
    several = list(stimuli) if isinstance(stimuli, list | tuple) else []
    if isinstance(stimuli, str | Path) or (several and all(isinstance(s, Path) for s in several)):
        stimuli = images(stimuli)
    if isinstance(stimuli, Images):
        pictures = stimuli
        names = as_ids(pictures.names if ids is None else ids, len(pictures), "ids")
        return _made(
            names, lambda a, b: [pictures[i] for i in range(a, b)], lambda: pictures.fingerprint()
        )
    if several and all(isinstance(s, str) for s in several):
        lines = several
        names = as_ids(np.arange(len(lines)) if ids is None else ids, len(lines), "ids")
        return _made(names, lambda a, b: lines[a:b], lambda: _hash("\0".join(lines).encode()))
    parts = [_array(s) for s in several]
    if parts:
        stimuli = parts
    if len({part.shape for part in parts}) > 1 and all(p.dtype.kind in "fiub" for p in parts):
        names = as_ids(np.arange(len(parts)) if ids is None else ids, len(parts), "ids")
        return _made(
            names,
            lambda a, b: parts[a:b],
            lambda: _hash(*(piece for p in parts for piece in _of(p))),
        )
    array = stimuli.detach().cpu().numpy() if hasattr(stimuli, "detach") else stimuli
    array = _array(array)
    if array.dtype.kind not in "fiub" or array.ndim < 2 or not len(array):
        raise InputError(
            "stimuli must be images, a folder or zip of images, a list of texts, or an array "
            f"(n_stimuli, ...), got {type(stimuli).__name__} of shape {array.shape} {array.dtype}."
        )
    names = as_ids(np.arange(len(array)) if ids is None else ids, len(array), "ids")
    return _made(names, lambda a, b: array[a:b], lambda: _hash(*_of(array)))


def _lines(path: Path) -> list[str]:
    """Return the lines of a text file; empty ones at its end do not count."""
    check_file(path)
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip().splitlines()
    except UnicodeDecodeError:
        raise InputError(f"{path} must be UTF-8 text, one stimulus a line.") from None
    if not lines:
        raise InputError(f"{path} holds no line of text.")
    return lines


def _array(value: Any) -> np.ndarray:
    """Return an array; of objects where rows do not fit together, which is refused later."""
    if hasattr(value, "getbands"):  # a Pillow image: its numbers may be a palette's
        return rgb(value, "a picture")
    try:
        return np.asarray(value)
    except ValueError:
        return np.empty(0, dtype=object)


def _of(array: np.ndarray) -> tuple[Any, Any]:
    """Return an array's description and bytes."""
    return f"{array.dtype.str}{array.shape}".encode(), np.ascontiguousarray(array).data


def _made(ids: Any, batch: Callable[[int, int], Any], digest: Callable[[], str]) -> Stimuli:
    return Stimuli(len(ids), ids, batch, digest)


def _hash(*parts: Any) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
