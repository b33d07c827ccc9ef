"""Runs of studies that lie in a folder: which claims held there, over how many seeds."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unbraid._documented import documented_answer
from unbraid.studies._study import seeds_of


@documented_answer
@dataclass(frozen=True, kw_only=True)
class FoundRun:
    """What one run of a study gave."""

    study: str
    """The study's name."""
    folder: str
    """Name of the folder of the run."""
    held: list[str]
    """Claims that hold."""
    failed: list[str]
    """Claims that do not."""
    seeds: int | None
    """Independent worlds, models or pairs for each number; none where it is one network."""
    fast: bool
    """Whether it was the reduced version."""

    def __str__(self) -> str:
        total = len(self.held) + len(self.failed)
        over = "" if self.seeds is None else f", {self.seeds} seed(s)"
        reduced = ", reduced" if self.fast else ""
        missing = f"; not: {'; '.join(self.failed)}" if self.failed else ""
        return f"{len(self.held)} of {total} claims hold{over}{reduced} ({self.folder}){missing}"


def found_runs(folder: str | Path, names: Collection[str]) -> list[FoundRun]:
    """Return the runs of these studies in a folder's subfolders: full ones first, then by name.

    Other folders and damaged files are skipped.

    Parameters
    ----------
    folder : str or Path
        Its subfolders are searched.
    names : collection of str
        Names of the studies that count.

    Returns
    -------
    list of FoundRun
        Claims that hold, and that do not, of each run.

    Examples
    --------
    >>> import tempfile
    >>> found_runs(tempfile.mkdtemp(), ["toy"])
    []
    """
    runs = []
    for path in sorted(Path(folder).glob("*/result.json")):
        try:
            run = _read(json.loads(path.read_text(encoding="utf-8")), path.parent)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if run.study in names:
            runs.append(run)
    return sorted(runs, key=lambda run: run.fast)


def _read(record: dict[str, Any], folder: Path) -> FoundRun:
    settings, claims = record["settings"], record["claims"]
    return FoundRun(
        study=record["name"],
        folder=folder.as_posix(),
        held=[claim["text"] for claim in claims if claim["holds"]],
        failed=[claim["text"] for claim in claims if not claim["holds"]],
        seeds=seeds_of(settings),
        fast=bool(settings.get("fast")),
    )
