"""Named arrays of a file turned into responses: which array is which."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.responses._formats._axes import arrange
from unbraid.responses._ids import ids_of_bytes
from unbraid.responses._responses import Responses

VALUES = ("values", "responses", "x", "activations")
STIMULI = (
    "stimuli", "stimulus_ids", "stimulus_id", "ids", "image_ids", "image_id", "image_names",
    "filenames",
)  # fmt: skip
UNITS = ("units", "unit_ids", "unit_id", "neuroid_id")
CSR = ("data", "indices", "indptr")
_NUMBERS = "fiub"


@dataclass(frozen=True)
class Entry:
    """One array of a file: its header is known, its numbers are not read yet."""

    dtype: np.dtype
    shape: tuple[int, ...]
    read: Callable[[], np.ndarray]


@dataclass(frozen=True)
class Wanted:
    """Which arrays of a file are meant, and how they are laid out: options of ``load``."""

    values: str | None = None
    stimuli: str | None = None
    units: str | None = None
    axes: str | None = None
    time: str | None = None
    trials: bool = False
    select: Mapping[str, Any] | None = None


def with_last_names(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Add to arrays under their paths (``group/name``) the last names that are unique."""
    last = [name.rsplit("/", 1)[-1] for name in entries]
    alone = {
        short: name for short, name in zip(last, entries, strict=True) if last.count(short) == 1
    }
    return dict(entries) | {short: entries[name] for short, name in alone.items() if "/" in name}


def responses_of(
    path: Path,
    entries: Mapping[str, Entry],
    metadata: Mapping[str, str] | None = None,
    wanted: Wanted | None = None,
) -> Responses:
    """Return the responses that a file's named arrays (and JSON metadata) hold."""
    metadata, wanted = metadata or {}, wanted or Wanted()
    if wanted.select is not None:
        raise InputError(f"{path} has no coordinates to select by; choose with values=NAME.")
    for name in (wanted.values, wanted.stimuli, wanted.units):
        if name is not None and name not in entries:
            raise InputError(f"{path} has no array {name!r}; it holds {_held(entries)}.")
    sparse = set(CSR) <= set(entries) and wanted.values is None
    rank = 2 if wanted.axes is None else len(str(wanted.axes).split())
    values = _csr(path, entries) if sparse else _dense(path, entries, wanted.values, rank)
    return arrange(
        values,
        wanted.axes,
        str(path),
        stimuli=_ids(path, entries, metadata, (wanted.stimuli,) if wanted.stimuli else STIMULI),
        units=_ids(path, entries, metadata, (wanted.units,) if wanted.units else UNITS),
        repeats=entries["repeats"].read() if "repeats" in entries and not wanted.axes else None,
        made_by=_made_by(path, entries, metadata),
        trials=wanted.trials,
        time=wanted.time,
    )


def _dense(path: Path, entries: Mapping[str, Entry], name: str | None, rank: int) -> np.ndarray:
    if name is not None:
        return entries[name].read()
    for known in VALUES:
        if known in entries:
            return entries[known].read()
    matrices = {
        id(e): e for k, e in entries.items()
        if len(e.shape) == rank and e.dtype.kind in _NUMBERS
        and k.rsplit("/", 1)[-1] not in (*STIMULI, *UNITS)
    }  # fmt: skip
    if len(matrices) > 1:  # MATLAB's numbers and lists are matrices too
        matrices = {key: e for key, e in matrices.items() if min(e.shape) > 1} or matrices
    if len(matrices) == 1:  # under its path and its last name, maybe
        return next(iter(matrices.values())).read()
    raise InputError(
        f"{path} must hold an array named 'values' or exactly one numeric matrix (n_stimuli, "
        f"n_units), it holds {_held(entries)}. Say which: load(path, values=NAME)."
    )


def _held(entries: Mapping[str, Entry]) -> str:
    alone: dict[int, str] = {}
    for name, entry in entries.items():  # its last name stands for the same entry
        alone.setdefault(id(entry), f"{_plain(name)} {entry.shape} {entry.dtype}")
    shown = list(alone.values())[:8]
    return ", ".join(shown) or "nothing"


def _plain(name: str) -> str:
    """Return a damaged file's name for an array on one line of decent length."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])


def _csr(path: Path, entries: Mapping[str, Entry]) -> sp.csr_array:
    if "format" in entries:
        written = _text(entries["format"].read())
        if written != "csr":
            raise InputError(f"{path} holds a {written!r} matrix, expected 'csr'. Use .tocsr().")
    data, indices, indptr = (entries[name].read() for name in CSR)
    if any(a.ndim != 1 for a in (data, indices, indptr)) or indices.dtype.kind not in "iu":
        raise InputError(f"{path}: data, indices and indptr must be vectors, the last two whole.")
    if indptr.dtype.kind not in "iu" or not len(indptr):
        raise InputError(f"{path}: indptr must hold n_stimuli + 1 whole numbers.")
    rows = len(indptr) - 1
    if "shape" in entries:
        shape = [int(side) for side in np.ravel(entries["shape"].read())]
    else:
        shape = [rows, int(indices.max(initial=-1)) + 1]
    if len(shape) != 2 or shape[0] != rows or not 0 <= shape[1] <= np.iinfo(np.int64).max:
        raise InputError(f"{path}: shape must be ({rows}, n_units) to fit indptr, got {shape}.")
    steps = np.diff(indptr.astype(np.int64))
    if indptr[0] != 0 or (steps < 0).any() or indptr[-1] != len(data) or len(indices) != len(data):
        raise InputError(f"{path}: indptr must rise from 0 to len(data) = len(indices).")
    if len(indices) and (indices.min() < 0 or indices.max() >= shape[1]):
        raise InputError(f"{path}: indices must lie in 0..{shape[1] - 1}.")
    csr = sp.csr_array((data, indices.astype(np.int64), indptr.astype(np.int64)), shape=shape)
    csr.sum_duplicates()
    return csr


def _ids(
    path: Path, entries: Mapping[str, Entry], metadata: Mapping[str, str], names: tuple[str, ...]
) -> Any:
    for name in names:
        if name in entries:
            if entries[name].dtype.kind not in "SUiuf":
                raise InputError(
                    f"{path}: {name} must be strings or whole numbers, got dtype "
                    f"{entries[name].dtype}. Save ids with np.asarray(ids, dtype=str)."
                )
            array = entries[name].read()
            packed = array.dtype == np.uint8 and array.ndim == 2
            return ids_of_bytes(array, str(path)) if packed else array
        if name in metadata:
            ids = parse_json(metadata[name], f"{path}: metadata {name!r}")
            if not isinstance(ids, list) or not all(isinstance(i, str | int) for i in ids):
                raise InputError(f"{path}: metadata {name!r} must be a JSON list of ids.")
            return [str(i) for i in ids]
    return None


def _made_by(path: Path, entries: Mapping[str, Entry], metadata: Mapping[str, str]) -> dict:
    text = metadata.get("made_by")
    if "made_by" in entries and entries["made_by"].dtype.kind in "SU":
        text = _text(entries["made_by"].read())
    if text is None:
        return {}
    made_by = parse_json(text, f"{path}: made_by")
    if not isinstance(made_by, dict):
        raise InputError(f"{path}: made_by must be a JSON object, got {type(made_by).__name__}.")
    return made_by


def parse_json(text: str | bytes, what: str) -> Any:
    """Parse JSON, or say in one line that it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InputError(f"{what} is not valid JSON.") from None


def _text(array: np.ndarray) -> str:
    value = array.reshape(-1)[:1].tolist()
    text = value[0] if value else ""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
