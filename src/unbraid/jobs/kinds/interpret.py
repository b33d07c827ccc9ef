"""Jobs that judge how interpretable a dictionary's codes are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from unbraid.errors import InputError
from unbraid.jobs._inputs import check_unchanged
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import Kind, Write
from unbraid.jobs.kinds._loaded import load
from unbraid.jobs.kinds._options import config_of, seed_of
from unbraid.jobs.kinds.fit import method_of

_DICTIONARY, _LABELS = "dictionary", "labels"
_KNOWN = ("embeddings", "features", "x_train", "x_untrained")
_JUDGES = ("embeddings", _LABELS, "features")


class InterpretKind(Kind):
    """What the latents of a dictionary mean, as ``unbraid interpret``."""

    name: ClassVar[str] = "interpret"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:
        """Return the system, its dictionary, and what says which stimuli are alike."""
        if given and (given.get("method") is None) == (given.get(_DICTIONARY) is None):
            raise InputError(
                "A job of kind interpret needs either dictionary: FOLDER or method: NAME."
            )
        if given and not any(name in given for name in _JUDGES):
            raise InputError(
                f"A job of kind interpret needs one of {', '.join(_JUDGES)}: what makes stimuli "
                "alike."
            )
        return {"x": True, **dict.fromkeys((_DICTIONARY, *_KNOWN, _LABELS), False)}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the options of an evaluation, the seed, and a method where none is given."""
        from unbraid.evaluation import EvaluateConfig

        return ("method", "seed", *EvaluateConfig.model_fields)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option, resolved."""
        from unbraid.evaluation import EvaluateConfig

        method = given.get("method")
        told = {k: v for k, v in given.items() if k not in ("seed", "method")}
        return {
            "config": EvaluateConfig(**told).describe(),
            "seed": seed_of(given),
            "method": None if method is None else method_of(method).describe(),
        }

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:  # noqa: ARG002
        """Score the codes beside every baseline."""
        from unbraid import evaluation, interpret, sparse

        method = job.settings["method"]
        known: dict[str, Any] = {
            name: load(job.files[name]) for name in _KNOWN if name in job.files
        }
        for name in (_DICTIONARY, _LABELS):
            if name in job.files:
                check_unchanged(job.files[name])
        if _LABELS in job.files:
            known[_LABELS] = interpret.read_labels(Path(job.files[_LABELS].path))
        learned: Any = (
            sparse.Dictionary.load(job.files[_DICTIONARY].path)
            if method is None
            else method_of(method)
        )
        config = config_of(evaluation.EvaluateConfig, job)
        result = evaluation.evaluate(
            learned,
            load(job.files["x"]),
            config,
            rng=job.settings["seed"],
            progress=False,
            **known,
        )
        return lambda folder, beside: result.save(folder, beside=beside, browser=False)

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the first measure of codes and units, and the baseline that comes next."""
        first = result["scores"][0]["measure"]
        sides = {s["side"]: s for s in result["scores"] if s["measure"] == first}
        codes = sides["codes"]
        rivals = {
            name: s["value"]
            for name, s in sides.items()
            if name not in ("base", "codes") and s["value"] is not None
        }
        best = max(rivals, key=lambda name: rivals[name], default=None)
        return {
            "measure": first,
            "units": sides["base"]["value"] if "base" in sides else None,
            **{name: codes[name] for name in ("value", "low", "high")},
            "best_control": None if best is None else rivals[best],
            "control": best,
            "tone": result["verdict"]["tone"],
            "n": result["n_scored_stimuli"],
            "warnings": len(result["warnings"]),
        }
