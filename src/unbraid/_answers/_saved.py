"""An answer as it is saved: every field, bit for bit, in the file of its arrays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from unbraid import _folders, _state
from unbraid._answers._files import ARRAYS
from unbraid._config import Config
from unbraid.errors import InputError
from unbraid.responses import Codes

FORMAT_VERSION = 1  # of the files; another one is refused, for what it means is not known


def packed(fields: dict[str, Any], layout: _state.Layout) -> tuple[str, dict[str, np.ndarray]]:
    """Return the state that an answer's fields are saved as, and its arrays by name."""
    plain, arrays = _state.pack(dict(fields), layout)
    return json.dumps({"version": FORMAT_VERSION, "fields": plain}, allow_nan=False), arrays


def unpacked(kind: type, folder: Path, layout: _state.Layout, redo: str = "compare again") -> Any:
    """Return the answer whose fields a folder holds; ``redo``: what makes it again, for errors."""
    path = folder / ARRAYS
    state, arrays = _read(path, redo)
    if state.get("version") != FORMAT_VERSION:
        raise InputError(
            f"{path} is of version {state.get('version')!r}, and this Unbraid reads "
            f"{FORMAT_VERSION}: open it with the Unbraid that wrote it, or {redo}."
        )
    fields = _state.unpack(state.get("fields"), arrays, layout, path)
    try:
        found = kind(**fields)
    except TypeError as error:
        raise InputError(f"{path} is damaged, or of another version: {error}.") from None
    if _folders.differs(folder, ARRAYS):
        raise InputError(
            f"{path} is not as it was written: {_folders.RECORD} beside it has another checksum. "
            f"{redo.capitalize()}, or copy the run again."
        )
    return found


def config_codec(kind: type[Config]) -> _state.Codec:
    """Return how options are saved: as ``describe`` writes them."""

    def made(described: dict[str, Any]) -> Config:
        return kind(**{name: value for name, value in described.items() if name != "name"})

    return _state.Codec(kind, lambda config: config.describe(), made)


def codes_codec() -> _state.Codec:
    """Return how codes are saved: their three arrays, and what is known of them."""
    return _state.Codec(Codes, _of_codes, _codes)


def _of_codes(codes: Codes) -> dict[str, Any]:
    return {
        "data": codes.data,
        "indices": codes.indices,
        "indptr": codes.indptr,
        "shape": tuple(codes.shape),
        "stimuli": codes.stimuli,
        "gap": codes.gap,
        "made_by": codes.made_by,
        "taken": codes.taken,
    }


def _codes(fields: dict[str, Any]) -> Codes:
    parts = tuple(fields.pop(name) for name in ("data", "indices", "indptr"))
    made = Codes(parts, **fields)
    made.check_format(full_check=True)
    return made


def _read(path: Path, redo: str) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return the state and the arrays of an answer's file."""
    if not path.is_file():
        raise InputError(f"{path} is missing: the run is not whole. {redo.capitalize()}.")
    try:
        with safe_open(path, framework="numpy") as stream:
            told = stream.metadata() or {}
            arrays = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118
        state = json.loads(told.get("state", "null"))
    except (SafetensorError, ValueError, OSError, RecursionError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path} is damaged or cut short: {reason}.") from None
    if not isinstance(state, dict):
        raise InputError(
            f"{path} was written before runs could be loaded; {redo} to have such a run."
        )
    return state, arrays
