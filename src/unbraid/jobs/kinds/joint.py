"""Jobs that learn one dictionary of several systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from unbraid._config import shown
from unbraid.errors import InputError
from unbraid.jobs._inputs import is_pattern, matches
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import JobCost, Kind, Write
from unbraid.jobs.kinds._loaded import load
from unbraid.jobs.kinds._options import config_of, seed_of

_JOINT_PAGE = 200_000  # bytes of a page and the records beside it
_SYSTEMS, _SLOT = "systems", "system "


class JointKind(Kind):
    """What several systems tell together, as ``unbraid joint``."""

    name: ClassVar[str] = "joint"

    def spread(self, given: Mapping[str, Any], start: Path) -> dict[str, Any]:
        """Return ``systems``, a list, a pattern or a mapping of names, as one file per system."""
        rest = {name: value for name, value in given.items() if name != _SYSTEMS}
        systems = given.get(_SYSTEMS)
        if isinstance(systems, str) and is_pattern(systems):
            systems = matches(systems, _SYSTEMS, start)
        if not isinstance(systems, list | Mapping) or len(systems) < 2:
            raise InputError(
                f"A job of kind joint needs {_SYSTEMS}: a list or a pattern of two files or more, "
                f"or a mapping of names to files, got {shown(systems)}."
            )
        named = systems if isinstance(systems, Mapping) else dict(enumerate(systems))
        return {**rest, **{f"{_SLOT}{name}": file for name, file in named.items()}}

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:
        """Return one file for each system."""
        return {name: True for name in given if name.startswith(_SLOT)}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the options of a joint dictionary, and the seed."""
        from unbraid.sharing import JointConfig

        return ("seed", *JointConfig.model_fields)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option, resolved."""
        from unbraid.sharing import JointConfig

        config = JointConfig(**{k: v for k, v in given.items() if k != "seed"})
        return {"config": config.describe(), "seed": seed_of(given)}

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:  # noqa: ARG002
        """Learn one dictionary of all systems, and take the evidence."""
        from unbraid import sharing

        names = names_of(job)
        systems = {names[slot]: load(file) for slot, file in job.files.items()}
        config = config_of(sharing.JointConfig, job)
        result = sharing.joint(systems, config, rng=job.settings["seed"], progress=False)
        return lambda folder, beside: result.save(folder, beside=beside, browser=False)

    def cost(self, job: Job) -> JobCost:
        """Return what a joint dictionary of files of these sizes will take."""
        from unbraid.sharing import JointConfig
        from unbraid.sharing._cost import cost_of
        from unbraid.sharing.systems._split import held_out_rows

        config = config_of(JointConfig, job)
        shapes = [load(file).shape for file in job.files.values()]
        n, sizes = min(shape[0] for shape in shapes), [shape[1] for shape in shapes]
        held = held_out_rows(n, config.evidence_share)
        told = cost_of(sizes, max(n - held, 1), held, config)
        atoms = 32.0 * sum(sizes) ** 2
        return JobCost(seconds=told.seconds, memory=told.memory, disk=_JOINT_PAGE + atoms)

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return how many latents are of each kind, and the contrast of the pairing."""
        counts = {kind: count["value"] for kind, count in result["counts"].items()}
        contrast = result["contrast"]
        return {
            "latents": sum(counts.values()),
            "shared": counts.get("shared", 0),
            "expected_shared": result["expected_shared"],
            "undecided": counts.get("undecided", 0),
            **{name: contrast.get(name) for name in ("value", "low", "high", "p")},
            "tone": result["verdict"]["tone"],
            "n": result["joint_rows"],
            "warnings": len(result["warnings"]),
        }


def names_of(job: Job) -> dict[str, str]:
    """Return what each system is called: as the sweep says, else by its file."""
    given = {slot: slot.removeprefix(_SLOT) for slot in job.files}
    if all(name.isdecimal() for name in given.values()):
        files = {slot: file.name for slot, file in job.files.items()}
        if len(set(files.values())) == len(files):
            return files
    return given
