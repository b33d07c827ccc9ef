"""What a run will take, estimated before it starts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.jobs._folder import RunFolder
from unbraid.jobs._plan import Plan
from unbraid.jobs.kinds import KINDS, JobCost


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Forecast:
    """Size of a run; times and sizes are rough, within a factor of about three."""

    jobs: int
    """Jobs of the plan."""
    done: int
    """Jobs whose result lies in the folder already."""
    unknown: int
    """Jobs to do whose cost cannot be estimated; they are not in the sums."""
    seconds: float
    """Of all workers together, at work at once."""
    memory: float
    """Bytes, of all workers together."""
    disk: float
    """Bytes."""
    too_large: tuple[str, ...] = ()
    """Jobs that would not fit into the memory that is free, and why."""

    def __str__(self) -> str:
        done = f", {self.done} of them done" if self.done else ""
        text = f"{self.jobs} jobs{done}. "
        left = self.jobs - self.done
        if left > self.unknown:
            text += (
                f"About {_time(self.seconds)}, {_size(self.memory)} of memory at once, "
                f"{_size(self.disk)} on disk (roughly)."
            )
        if self.unknown:
            text += f" The cost of {self.unknown} jobs cannot be estimated."
        if self.too_large:
            text += f" {len(self.too_large)} would not fit into memory: {self.too_large[0]}"
        return text.replace("  ", " ").strip()

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return asdict(self)


def foretell(plan: Plan, folder: str | Path | None = None, workers: int = 1) -> Forecast:
    """Return what the jobs that are not done will take; nothing is written.

    Parameters
    ----------
    plan : Plan
        Jobs, as ``read_sweep``, ``plan_of`` or ``matrix`` make them.
    folder : str or Path, optional
        Of an earlier run: what it holds is not counted again.
    workers : int
        Processes that will be at work at once.

    Returns
    -------
    Forecast
        Time, memory and disk, rough; jobs whose cost is not known are counted beside.

    Raises
    ------
    InputError
        The folder holds something else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    >>> spec = {"job": "score", "base": {"x": "x.npy", "y": "x.npy", "metric": "cka"}}
    >>> import unbraid as ub
    >>> print(foretell(ub.jobs.plan_of(spec, place)))
    1 jobs. The cost of 1 jobs cannot be estimated.
    """
    kept = _opened(folder)
    states = ["missing" if kept is None else kept.state(job) for job in plan.jobs]
    costs, large, seen = [], [], {}
    for job, state in zip(plan.jobs, states, strict=True):
        if state == "done":
            continue
        shape = (job.kind, str(job.settings), tuple(f.path for f in job.files.values()))
        try:
            if shape not in seen:
                seen[shape] = KINDS[job.kind].cost(job)
            costs.append(seen[shape])
        except InputError as error:
            large.append(str(error))
            costs.append(JobCost())
    known = [cost for cost in costs if math.isfinite(cost.seconds)]
    memory = sorted((cost.memory for cost in known), reverse=True)[:workers]
    return Forecast(
        jobs=len(plan.jobs),
        done=states.count("done"),
        unknown=len(costs) - len(known) - len(large),
        seconds=_sum([cost.seconds for cost in known]) / max(1, min(workers, len(known))),
        memory=_sum(memory),
        disk=_sum([cost.disk for cost in known]),
        too_large=tuple(large),
    )


def _opened(folder: str | Path | None) -> RunFolder | None:
    if folder is None or not Path(folder).expanduser().is_dir():
        return None
    return RunFolder.open(folder) if any(Path(folder).expanduser().iterdir()) else None


def _sum(values: Sequence[float]) -> float:
    return float(sum(values))


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _size(n_bytes: float) -> str:
    return f"{n_bytes / 2**30:.1f} GiB" if n_bytes >= 2**28 else f"{n_bytes / 2**20:.1f} MiB"
