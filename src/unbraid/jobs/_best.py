"""The best row of each column, chosen on other stimuli than those it is scored on."""

from __future__ import annotations

from typing import Any

import numpy as np
from safetensors.numpy import load_file

from unbraid.jobs._folder import RunFolder
from unbraid.jobs._job import Job
from unbraid.jobs._results import Results

_ARRAYS = "arrays.safetensors"
_FEWEST = 3  # folds: two remain to choose by


def best_rows(found: Results) -> list[dict[str, Any]]:
    """Return, for each second system, the first one that fits it best, and its score.

    For each fold, the row with the highest mean over the other folds is chosen, and its score on
    this fold is kept; ``value`` is their mean. ``chosen`` is the row chosen most often.
    ``hindsight`` is the highest mean over all folds, which selection biases upwards.

    Columns of fewer than two rows, of rows with different stimuli, or with fewer than three folds,
    are left out.
    """
    columns: dict[str, dict[str, Job]] = {}
    stimuli: dict[str, set[int]] = {}
    for row, job in zip(found.rows, found.jobs, strict=True):
        if job.kind == "compare" and row["state"] == "done":
            columns.setdefault(row["y"], {}).setdefault(row["x"], job)
            stimuli.setdefault(row["y"], set()).add(row["n"])
    answers = []
    for y, jobs in columns.items():
        folds = {x: _per_fold(found, job) for x, job in jobs.items()}
        known = {x: values for x, values in folds.items() if np.isfinite(values).all()}
        sizes = {len(values) for values in known.values()}
        if len(known) < 2 or len(sizes) != 1 or min(sizes) < _FEWEST or len(stimuli[y]) > 1:
            continue
        answers.append({"y": y, **_chosen(known)})
    return answers


def _chosen(folds: dict[str, np.ndarray]) -> dict[str, Any]:
    names, values = list(folds), np.array(list(folds.values()))  # (rows, folds)
    others = (values.sum(axis=1, keepdims=True) - values) / (values.shape[1] - 1)
    picks = others.argmax(axis=0)
    most = int(np.bincount(picks, minlength=len(names)).argmax())
    return {
        "chosen": names[most],
        "value": float(values[picks, np.arange(values.shape[1])].mean()),
        "hindsight": float(values.mean(axis=1).max()),
    }


def _per_fold(found: Results, job: Job) -> np.ndarray:
    """Return the codes' score of each fold, mean over seeds; empty where it is not known."""
    result = found.result(job)
    scores = result.get("scores", [])
    headline = result["changes"][0]["metric"]
    wanted = ("codes", "codes", "x->y", headline)
    numbers = [
        i
        for i, s in enumerate(scores)
        if (s["source"], s["target"], s["systems"], s["metric"]) == wanted
    ]
    path = RunFolder(found.folder).place(job.fingerprint) / _ARRAYS
    arrays = load_file(path)
    values = [arrays[f"scores.{i}.per_fold"] for i in numbers]
    return np.mean(values, axis=0) if values else np.empty(0)
