"""Many jobs as one: sweeps, their folders, and where they run."""

from unbraid.jobs._folder import RunFolder
from unbraid.jobs._foretell import Forecast, foretell
from unbraid.jobs._job import Job
from unbraid.jobs._matrix import matrix
from unbraid.jobs._page import page
from unbraid.jobs._plan import Plan, job_of, parse_share, plan_of, read_sweep
from unbraid.jobs._results import Results, results, results_of
from unbraid.jobs._run import Outcome, run
from unbraid.jobs._sweep import sweep
from unbraid.jobs._write_page import write_page
from unbraid.jobs.executors import Executor, Local, WorkerDied
from unbraid.jobs.kinds import KINDS

__all__ = [
    "KINDS",
    "Executor",
    "Forecast",
    "Job",
    "Local",
    "Outcome",
    "Plan",
    "Results",
    "RunFolder",
    "WorkerDied",
    "foretell",
    "job_of",
    "matrix",
    "page",
    "parse_share",
    "plan_of",
    "read_sweep",
    "results",
    "results_of",
    "run",
    "sweep",
    "write_page",
]
