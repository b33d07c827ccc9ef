"""An answer's folder: it is whole, or it is not there."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _folders
from unbraid.errors import InputError
from unbraid.responses._formats.arrays.safetensors import write_tensors

CONFIG, RESULT, ARRAYS, REPORT = (
    "config.json",
    "result.json",
    "arrays.safetensors",
    "report.html",
)


def write_answer(
    folder: Path,
    config: dict[str, Any],
    result: dict[str, Any],
    arrays: dict[str, np.ndarray],
    html: str,
    *,
    kind: str,
    overwrite: bool,
    state: str = "",
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Write an answer, and texts beside it; an earlier one of its kind is replaced only when asked.

    ``state``: what ``arrays`` are, for ``load_run``. A text may go into a folder right below.
    """
    names = (CONFIG, RESULT, ARRAYS, REPORT, *(beside or {}))
    with _folders.writing(folder, kind, names, overwrite=overwrite) as new:
        _write_json(new / CONFIG, config)
        _write_json(new / RESULT, result)
        if arrays:
            _write_arrays(new / ARRAYS, arrays, {"state": state} if state else {})
        # names that the system gave need not be Unicode
        (new / REPORT).write_text(html, encoding="utf-8", errors="backslashreplace")
        for name, text in (beside or {}).items():
            (new / name).parent.mkdir(exist_ok=True)
            (new / name).write_text(text, encoding="utf-8", newline="")
    return folder.expanduser()


def beside_of(folder: Path) -> dict[str, str]:
    """Return the texts that a run holds beside its own files, to be written again with it."""
    own = {CONFIG, RESULT, ARRAYS, REPORT}
    return {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted(folder.iterdir())
        if path.name not in own and path.is_file() and not path.name.startswith(".")
    }


def check_free(folder: Path, overwrite: bool, kind: str = "comparison", flag: bool = True) -> None:
    """Refuse a folder that a run cannot be written to, before anything is computed."""
    _folders.check_target(folder, kind, overwrite=overwrite, flag=flag)


def kind_of(folder: Path) -> Any:
    """Return what an answer's ``result.json`` says its kind is; None where it does not say."""
    path = folder / RESULT
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give the folder that a run was saved to.")
    if not path.is_file():
        raise InputError(f"{folder} has no {RESULT}: it is no saved run, or not a whole one.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is damaged or cut short: {error}.") from None
    return found.get("kind") if isinstance(found, dict) else None


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
