"""What every kind of job promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from unbraid.jobs._job import Job

Write = Callable[[Path, Mapping[str, str]], Any]
"""Writes what a job found, and texts beside it, to a folder that is whole or absent."""


@dataclass(frozen=True, kw_only=True)
class JobCost:
    """What one job takes, roughly; NaN where it cannot be estimated."""

    seconds: float = float("nan")
    """Of one core."""
    memory: float = float("nan")
    """Bytes."""
    disk: float = float("nan")
    """Bytes."""


class Kind(ABC):
    """A kind of job: which files and options it takes, and what it does with them."""

    name: ClassVar[str]

    def spread(self, given: Mapping[str, Any], start: Path) -> dict[str, Any]:  # noqa: ARG002
        """Return the options with files that stand in one option each under a name of its own."""
        return dict(given)

    @abstractmethod
    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:
        """Return the files that it can be given, and whether it cannot do without each."""

    @abstractmethod
    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of its options, files aside, where these are given."""

    @abstractmethod
    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option, resolved, as plain JSON data."""

    @abstractmethod
    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:
        """Do the work with the results that it needs; return what writes the answer."""

    @abstractmethod
    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the few numbers of a ``result.json`` that a table of jobs shows."""

    def cost(self, job: Job) -> JobCost:  # noqa: ARG002
        """Return what a job will take; unknown unless a kind can estimate it."""
        return JobCost()
