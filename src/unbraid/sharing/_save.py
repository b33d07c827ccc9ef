"""A joint dictionary's folder: it is whole, or it is not there."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _folders
from unbraid.responses._formats.arrays.safetensors import write_tensors

KIND = "joint"
CONFIG, RESULT, ARRAYS, REPORT = (
    "config.json",
    "result.json",
    "arrays.safetensors",
    "report.html",
)


def write_joint(
    folder: Path,
    config: dict[str, Any],
    record: dict[str, Any],
    arrays: dict[str, np.ndarray],
    html: str,
    *,
    overwrite: bool,
) -> Path:
    """Write config.json, result.json, arrays.safetensors and report.html."""
    names = (CONFIG, RESULT, ARRAYS, REPORT)
    with _folders.writing(folder, KIND, names, overwrite=overwrite) as new:
        _write_json(new / CONFIG, config)
        _write_json(new / RESULT, record)
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_tensors(new / ARRAYS, plain, {})
        (new / REPORT).write_text(html, encoding="utf-8", errors="backslashreplace")
    return folder.expanduser()


def check_joint_free(folder: Path, overwrite: bool) -> None:
    """Refuse a folder that a result cannot be written to, before anything is computed."""
    _folders.check_target(folder, KIND, overwrite=overwrite)


def _write_json(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=2, allow_nan=False, default=_as_json)
    path.write_text(text + os.linesep, encoding="utf-8")


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON data")
