"""Jobs that answer a study's question."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from unbraid.errors import InputError
from unbraid.jobs._inputs import check_unchanged
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import Kind, Write

if TYPE_CHECKING:  # heavy, and imported where it is called
    from unbraid.studies import Study


class StudyKind(Kind):
    """One of the papers' experiments, as ``unbraid study``."""

    name: ClassVar[str] = "study"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:
        """Return the places of data that the study takes."""
        return dict.fromkeys(_places(type(_chosen(given))), False)

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Return ``study`` and the options of the study that it names."""
        return ("study", *type(_chosen(given)).model_fields)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the study's name and every option that counts."""
        kind = type(_chosen(given))
        study = kind(**{name: value for name, value in given.items() if name != "study"})
        told = study.settled().describe()
        options = {k: v for k, v in told.items() if k != "name" and k not in _places(kind)}
        return {"study": kind.name, "options": options}

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:  # noqa: ARG002
        """Run the study."""
        from unbraid import studies

        for file in job.files.values():
            check_unchanged(file)
        kind = studies.STUDIES[job.settings["study"]]
        places = {slot: Path(file.path) for slot, file in job.files.items()}
        result = studies.run(kind(**job.settings["options"], **places))
        return lambda folder, beside: studies.save(result, folder, beside=beside)

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return how many claims hold."""
        held = sum(bool(claim["holds"]) for claim in result["claims"])
        return {"held": held, "claims": len(result["claims"]), "verdict": result["verdict"]}


def _places(kind: type[Study]) -> list[str]:
    """Return the options of a study that are files or folders."""
    return [
        option
        for option, field in kind.model_fields.items()
        if field.annotation is Path or Path in get_args(field.annotation)
    ]


def _chosen(given: Mapping[str, Any]) -> Study:
    from unbraid import studies

    name = given.get("study")
    if not isinstance(name, str):
        raise InputError(f"A job of kind study needs study: NAME, got {name!r}.")
    return studies.choose(name)
