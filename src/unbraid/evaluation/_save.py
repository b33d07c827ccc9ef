"""The folder of an evaluation: it is whole, or it is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import _folders
from unbraid.evaluation._page import page
from unbraid.report import render
from unbraid.responses._formats.safetensors import write_tensors

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

KIND = "interpretation"
_NAMES = ("config.json", "result.json", "units.csv", "arrays.safetensors", "report.html")


def save(result: Evaluation, folder: Path, *, overwrite: bool, pictures: Any) -> Path:
    """Write the files of an evaluation; an earlier one is replaced only when asked."""
    html = render(page(result, pictures))
    arrays = {"rows": result.rows, "latents": result.latents}
    for score in result.scores:
        for seed, found in enumerate(score.seeds):
            name = f"{score.side}.{score.measure}.{seed}"
            arrays[name] = np.stack([found.values, found.low, found.high, found.chance])
    config = {**result.config.describe(), "seed": result.provenance["seed"]}
    with _folders.writing(folder, KIND, _NAMES, overwrite=overwrite) as new:
        _write_json(new / "config.json", config)
        _write_json(new / "result.json", result.record())
        result.units().to_csv(new / "units.csv", float_format="%.6g")
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_tensors(new / "arrays.safetensors", plain, {})
        text = html.encode("utf-8", errors="backslashreplace")
        (new / "report.html").write_bytes(text)
    return folder.expanduser()


def _write_json(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=2, allow_nan=False, default=_as_json)
    path.write_text(text + "\n", encoding="utf-8")


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON data")
