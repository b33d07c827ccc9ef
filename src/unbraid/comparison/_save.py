"""A run's folder: it is whole, or it is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _folders
from unbraid.responses._formats.arrays.safetensors import write_tensors

_CONFIG, _RESULT, _ARRAYS, _REPORT = (
    "config.json",
    "result.json",
    "arrays.safetensors",
    "report.html",
)


def write_run(
    folder: Path,
    config: dict[str, Any],
    result: dict[str, Any],
    arrays: dict[str, np.ndarray],
    html: str,
    overwrite: bool,
    kind: str = "comparison",
    *,
    state: str = "",
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Write a run, and texts beside it; an earlier one of its kind is replaced only when asked.

    ``state``: what ``arrays`` are, for ``load_run``.
    """
    names = (_CONFIG, _RESULT, _ARRAYS, _REPORT, *(beside or {}))
    with _folders.writing(folder, kind, names, overwrite=overwrite) as new:
        _write_json(new / _CONFIG, config)
        _write_json(new / _RESULT, result)
        if arrays:
            _write_arrays(new / _ARRAYS, arrays, {"state": state} if state else {})
        # names that the system gave need not be Unicode
        (new / _REPORT).write_text(html, encoding="utf-8", errors="backslashreplace")
        for name, text in (beside or {}).items():
            (new / name).write_text(text, encoding="utf-8")
    return folder.expanduser()


def beside_of(folder: Path) -> dict[str, str]:
    """Return the texts that a run holds beside its own files, to be written again with it."""
    own = {_CONFIG, _RESULT, _ARRAYS, _REPORT}
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir())
        if path.name not in own and path.is_file() and not path.name.startswith(".")
    }


def check_free(folder: Path, overwrite: bool, kind: str = "comparison", flag: bool = True) -> None:
    """Refuse a folder that a run cannot be written to, before anything is computed."""
    _folders.check_target(folder, kind, overwrite=overwrite, flag=flag)


def _write_json(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=2, allow_nan=False, default=_as_json)
    path.write_text(text + os.linesep, encoding="utf-8")


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON data")


def _write_arrays(path: Path, arrays: dict[str, np.ndarray], told: dict[str, str]) -> None:
    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    write_tensors(path, whole, told)
