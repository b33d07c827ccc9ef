"""Jobs on Slurm, through submitit: array tasks that each take a share of the plan."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unbraid._validate import check_count
from unbraid.errors import InputError
from unbraid.jobs._folder import RunFolder
from unbraid.jobs._job import Job
from unbraid.jobs._plan import Plan
from unbraid.jobs._run import run
from unbraid.jobs.executors.local import Local

_LOGS = "slurm"


class Share:
    """One array task: a share of a sweep, safe to kill and to requeue at any moment."""

    def __init__(self, plan: Plan, folder: str, share: tuple[int, int], attempts: int) -> None:
        self.jobs, self.folder, self.share = plan.plain(), folder, share
        self.attempts = attempts

    def __call__(self) -> dict[str, Any]:
        """Do the share with as many workers as the task has cores; what is done stays."""
        plan = Plan(jobs=tuple(Job.of(job) for job in self.jobs))
        cores = os.environ.get("SLURM_CPUS_PER_TASK", "")
        with Local(int(cores) if cores.isdecimal() and int(cores) > 0 else None) as pool:
            ended = run(plan, self.folder, pool, attempts=self.attempts, shard=self.share)
        return {"done": ended.done, "jobs": ended.jobs, "failed": len(ended.failed)}

    def checkpoint(self) -> Any:
        """Return what submitit queues again when the task's time is over: the same share."""
        return _submitit().helpers.DelayedSubmission(self)


def submit_shares(
    plan: Plan,
    folder: str | Path,
    tasks: int,
    *,
    cluster: str = "slurm",
    attempts: int = 3,
    **parameters: Any,
) -> list[Any]:
    """Submit a plan as one array of tasks; return submitit's jobs, one per task.

    Parameters
    ----------
    plan, folder
        As ``unbraid.jobs.run`` takes them; the folder must be seen by every node.
    tasks : int
        Tasks of the array; each does one share of the jobs.
    cluster : str
        ``slurm``; or submitit's ``local`` and ``debug``, which need no cluster.
    attempts : int
        Workers that may die over one job.
    **parameters
        submitit's, such as ``timeout_min=240, cpus_per_task=8, slurm_partition="cpu"``.

    Notes
    -----
    A task that is killed or requeued goes on where it was: results are whole or absent. A job that
    a task needs of another one's share is done by whichever comes first.
    """
    check_count(tasks, "tasks", least=1)
    submitit = _submitit()
    calls = _shares(plan, folder, tasks, attempts)
    logs = Path(folder).expanduser().absolute() / _LOGS
    executor = submitit.AutoExecutor(folder=logs, cluster=cluster)
    executor.update_parameters(**parameters)
    with executor.batch():
        return [executor.submit(call) for call in calls]


def _shares(plan: Plan, folder: str | Path, tasks: int, attempts: int) -> list[Callable[[], Any]]:
    kept = RunFolder.make(folder)
    kept.add(plan)
    count = min(tasks, max(1, len(plan.jobs)))
    return [Share(plan, str(kept.root), (i + 1, count), attempts) for i in range(count)]


def _submitit() -> Any:
    try:
        import submitit
    except ImportError:
        raise InputError(
            "slurm needs submitit: pip install 'unbraid[dist]', or start shards yourself: "
            "unbraid sweep FILE -o RUN --shard i/n."
        ) from None
    return submitit
