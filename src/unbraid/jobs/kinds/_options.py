"""Options that kinds of jobs have in common, read and resolved in one way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from unbraid._validate import check_count
from unbraid.jobs._job import Job

if TYPE_CHECKING:
    from unbraid._config import Config

C = TypeVar("C", bound="Config")


def seed_of(given: Mapping[str, Any]) -> int:
    """Return the seed that was given, checked; 0 where none was."""
    seed = given.get("seed", 0)
    check_count(seed, "seed")
    return int(seed)


def config_of(kind: type[C], job: Job) -> C:
    """Return the options of a main job, as ``describe`` left them in the settings."""
    return kind(**{k: v for k, v in job.settings["config"].items() if k != "name"})
