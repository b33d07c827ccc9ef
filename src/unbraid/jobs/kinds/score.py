"""Jobs that score two systems as they are, by one metric."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from unbraid import _folders
from unbraid.errors import InputError
from unbraid.jobs._expand import unknown
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import Kind, Write
from unbraid.jobs.kinds._loaded import load
from unbraid.jobs.kinds._options import seed_of

_RESULT = "result.json"
_SIDES = ("x", "y", "rng")
_SHOWN = ("metric", "value", "low", "high", "null", "p_value", "ceiling", "coverage", "n")


class ScoreKind(Kind):
    """The alignment of two systems by one metric, without dictionaries."""

    name: ClassVar[str] = "score"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:  # noqa: ARG002
        """Return what it reads."""
        return {"x": True, "y": True}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the metric, the seed, whether only common stimuli count, the metric's options."""
        from unbraid import align

        compute = align.METRICS[_metric(given)].compute
        own = [name for name in inspect.signature(compute).parameters if name not in _SIDES]
        return ("metric", "seed", "common", *own)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the metric and its options."""
        own = {"metric": _metric(given), "seed": seed_of(given)}
        own["common"] = given.get("common", False)
        if not isinstance(own["common"], bool):
            raise InputError(f"common must be true or false, got {own['common']!r}.")
        told = {name: value for name, value in given.items() if name not in own}
        try:
            return {**own, "told": json.loads(json.dumps(told, allow_nan=False))}
        except (TypeError, ValueError):
            raise InputError(f"Options of {own['metric']} must be plain, got {told!r}.") from None

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:  # noqa: ARG002
        """Score."""
        from unbraid import align, responses

        settings = job.settings
        x, y = load(job.files["x"]), load(job.files["y"])
        if settings["common"]:
            x, y = responses.common(x, y)
        compute = align.METRICS[settings["metric"]].compute
        score = compute(x, y, rng=settings["seed"], **settings["told"])
        text = json.dumps({**score.record(), "warnings": list(score.warnings)}, indent=2)
        return lambda folder, beside: _write(folder, {_RESULT: text + "\n", **beside})

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the score and what it is judged by."""
        return {name: result.get(name) for name in _SHOWN}


def _metric(given: Mapping[str, Any]) -> str:
    from unbraid import align

    metric = given.get("metric", "semi_matching")
    if not isinstance(metric, str) or metric not in align.METRICS:
        raise unknown(metric, align.METRICS, "metric")
    return str(metric)


def _write(folder: Path, texts: Mapping[str, str]) -> None:
    """Write small texts; without waiting for the disk, since readers check their hashes."""
    with _folders.writing(folder, "score", tuple(texts), overwrite=False, to_disk=False) as new:
        for name, text in texts.items():
            (new / name).write_text(text, encoding="utf-8")
