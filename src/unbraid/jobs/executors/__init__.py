"""Where jobs run: worker processes of this machine, dask, Slurm; one protocol."""

from unbraid.jobs.executors._protocol import CallFailed, Executor, Future, WorkerDied
from unbraid.jobs.executors.local import Local

__all__ = ["CallFailed", "Executor", "Future", "Local", "WorkerDied"]
