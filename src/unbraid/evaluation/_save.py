"""The folder of an evaluation: it is whole, or it is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import _folders, interpret
from unbraid.evaluation._page import page
from unbraid.report import render
from unbraid.responses import Responses
from unbraid.responses._formats.arrays.safetensors import write_tensors

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

KIND = "interpretation"
_NAMES = (
    "config.json",
    "result.json",
    "units.csv",
    "arrays.safetensors",
    "report.html",
    *interpret.TRIAL_FILES,
)
_TRIALS = 4  # of each latent, one a set of its stimuli, for a test with people


def save(result: Evaluation, folder: Path, *, overwrite: bool, pictures: Any) -> Path:
    """Write the files of an evaluation; an earlier one is replaced only when asked."""
    html = render(page(result, pictures))
    arrays = {"rows": result.rows, "latents": result.latents}
    for score in result.scores:
        for seed, found in enumerate(score.seeds):
            name = f"{score.side}.{score.measure}.{seed}"
            arrays[name] = np.stack([found.values, found.low, found.high, found.chance])
    trials = _trials(result)
    config = {**result.config.describe(), "seed": result.provenance["seed"]}
    with _folders.writing(folder, KIND, _NAMES, overwrite=overwrite) as new:
        trials.write(new)
        _write_json(new / "config.json", config)
        _write_json(new / "result.json", result.record())
        result.units().to_csv(new / "units.csv", float_format="%.6g")
        plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        write_tensors(new / "arrays.safetensors", plain, {})
        text = html.encode("utf-8", errors="backslashreplace")
        (new / "report.html").write_bytes(text)
    return folder.expanduser()


def _trials(result: Evaluation) -> interpret.Trials:
    """Return trials of intrusion for people, of the scored latents of the first dictionary."""
    codes = Responses(
        result.codes.values[:, result.latents],
        stimuli=result.responses.stimuli,
        units=[str(latent) for latent in result.latents],
    )
    return interpret.intrusion_trials(codes, trials=_TRIALS)


def _write_json(path: Path, data: dict[str, Any]) -> None:
    text = json.dumps(data, indent=2, allow_nan=False, default=_as_json)
    path.write_text(text + "\n", encoding="utf-8")


def _as_json(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    raise TypeError(f"{type(value).__name__} is not JSON data")
