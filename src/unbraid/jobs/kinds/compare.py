"""Jobs that compare two systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

from unbraid.errors import InputError
from unbraid.jobs._inputs import check_unchanged
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import JobCost, Kind, Write
from unbraid.jobs.kinds._loaded import load
from unbraid.jobs.kinds._options import config_of, seed_of
from unbraid.jobs.kinds._parts import learning_rows
from unbraid.jobs.kinds.fit import part_of

LEARNED = "learned"
"""Which part of the stimuli the dictionaries given learned from; the rest is scored."""
_OWN: dict[str, Any] = {"seed": 0, "common": False, LEARNED: None}
_UNTRAINED = ("x_untrained", "y_untrained")
_MORE = ("x_train", "y_train", "features", "features_train", *_UNTRAINED)
_DICTIONARIES = ("x_dictionary", "y_dictionary")
_PAGE = 400_000  # bytes of a page and the records beside it
_BEFORE = "base->base"


class Compare(Kind):
    """Two systems before and after unbraiding, as ``unbraid compare``."""

    name: ClassVar[str] = "compare"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:  # noqa: ARG002
        """Return both systems, and what may be given with them: other responses, dictionaries."""
        return {"x": True, "y": True, **dict.fromkeys((*_MORE, *_DICTIONARIES), False)}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the options of a comparison, the seed, and whether only common stimuli count."""
        from unbraid.comparison import CompareConfig

        return (*_OWN, *CompareConfig.model_fields)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option, resolved."""
        from unbraid.comparison import CompareConfig

        own = {name: given.get(name, default) for name, default in _OWN.items()}
        own["seed"] = seed_of(given)
        if not isinstance(own["common"], bool):
            raise InputError(f"common must be true or false, got {own['common']!r}.")
        own[LEARNED] = None if own[LEARNED] is None else part_of(own[LEARNED])
        config = CompareConfig(**{k: v for k, v in given.items() if k not in _OWN})
        return {"config": config.describe(), **own}

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:
        """Compare."""
        from unbraid import comparison, responses

        files = {s: file for s, file in job.files.items() if s not in _DICTIONARIES}
        loaded: dict[str, Any] = {slot: load(file) for slot, file in files.items()}
        part = job.settings[LEARNED]
        if part is not None:
            for side in ("x", "y"):
                learned = learning_rows(loaded[side], part)
                loaded[f"{side}_train"] = loaded[side].take(learned)
                loaded[side] = loaded[side].take(~learned)
        x, y = loaded.pop("x"), loaded.pop("y")
        if job.settings["common"]:
            x, y = responses.common(x, y)
        result = comparison.compare(
            x,
            y,
            config_of(comparison.CompareConfig, job),
            names=(job.files["x"].name, job.files["y"].name),
            rng=job.settings["seed"],
            dictionaries=_dictionaries(job, used),
            progress=False,
            **loaded,
        )
        return lambda folder, beside: result.save(folder, beside=beside, browser=False)

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the headline metric before and after, its gain, and the control that comes next.

        ``p`` is that of no gain, two-sided.
        """
        changes = [c for c in result["changes"] if c["metric"] == result["changes"][0]["metric"]]
        gain = changes[0]
        rivals = {}
        for change in changes[1:]:
            after, _, other = change["name"].partition(" - ")
            if after == "codes->codes" and other != _BEFORE and change["before"] is not None:
                rivals[other] = change["before"]
        best = max(rivals, key=lambda name: rivals[name], default=None)
        return {
            "metric": gain["metric"],
            "before": gain["before"],
            "after": gain["after"],
            "gain": gain["value"],
            "gain_low": gain["low"],
            "gain_high": gain["high"],
            "p": gain["p_value"],
            "best_control": None if best is None else rivals[best],
            "control": best,
            "tone": result["verdict"]["tone"],
            "n": result["n_alignment_stimuli"],
            "warnings": len(result["warnings"]),
        }

    def cost(self, job: Job) -> JobCost:
        """Return what a comparison of files of these sizes will take."""
        from unbraid.comparison import CompareConfig
        from unbraid.comparison._cost import cost_of

        config = config_of(CompareConfig, job)
        files = {s: file for s, file in job.files.items() if s not in _DICTIONARIES}
        shapes = {slot: load(file).shape for slot, file in files.items()}
        n = min(shapes["x"][0], shapes["y"][0])
        share = 0.5 if config.train_share is None else config.train_share
        learned = round(share * n) if "x_train" not in shapes else 0
        train = {s: shapes.get(f"{s}_train", (learned, shapes[s][1])) for s in "xy"}
        sides = {s: SimpleNamespace(shape=(n - learned, shapes[s][1])) for s in "xy"}
        parts: Any = SimpleNamespace(
            x=sides["x"],
            y=sides["y"],
            x_train=SimpleNamespace(shape=train["x"]),
            y_train=SimpleNamespace(shape=train["y"]),
            rows=range(n - learned),
            apart=True,
        )
        count = len([name for name in job.needs if name.startswith(_DICTIONARIES[0])])
        wide = 2 * shapes["x"][1], 2 * shapes["y"][1]
        given = wide if count or files != job.files else None
        told = cost_of(parts, config, given, count)
        units = [shapes[slot][1] for slot in "xy"]
        atoms = 8.0 * config.seeds * sum(2 * p * p for p in units)
        kept = 24.0 * config.seeds * len(config.scored) * 14 * max(units)
        return JobCost(seconds=told.seconds, memory=told.memory, disk=_PAGE + atoms + kept)


def _dictionaries(job: Job, used: Mapping[str, Path]) -> Any:
    """Return what ``compare`` takes as dictionaries; None where it learns them."""
    sides: list[Any] = []
    for slot in _DICTIONARIES:
        if slot in job.files:
            check_unchanged(job.files[slot])
            sides.append(job.files[slot].path)
        else:
            sides.append([used[name] for name in sorted(used) if name.startswith(slot)] or None)
    return None if sides == [None, None] else tuple(sides)
