"""One job, done once, in whatever process it is called."""

from __future__ import annotations

import json
import platform
import time
import traceback
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

from unbraid.errors import UnbraidError
from unbraid.jobs._folder import JOB, RAN, RunFolder
from unbraid.jobs._job import Job
from unbraid.jobs.kinds import KINDS

_LONGEST = 20_000  # characters of a traceback that are kept


def perform(root: str, plain: dict[str, Any]) -> dict[str, Any]:
    """Do a job unless it is done, or another process is doing it; say how it ended.

    Parameters
    ----------
    root : str
        Folder of the run.
    plain : dict
        The job, as ``Job.plain`` wrote it down.

    Returns
    -------
    dict
        ``state``: ``done``, ``failed`` (with ``failure``) or ``busy``; ``ran``: whether this call
        did the work.
    """
    job, folder = Job.of(plain), RunFolder(Path(root))
    with folder.claimed(job.fingerprint) as mine:
        if not mine:
            return {"state": "busy", "ran": False}
        if folder.state(job) == "done":
            return {"state": "done", "ran": False}
        try:
            _compute(job, folder)
        except Exception as error:
            return {"state": "failed", "ran": True, "failure": _keep(job, folder, error)}
        folder.clear_failure(job.fingerprint)
        return {"state": "done", "ran": True}


def reason(error: BaseException, attempts: int = 1) -> dict[str, Any]:
    """Return what is kept of a failure."""
    told = traceback.format_exception(error)
    return {
        "error": type(error).__name__,
        "message": " ".join(str(error).split()) or type(error).__name__,
        "traceback": "".join(told)[-_LONGEST:],
        "attempts": attempts,
        "host": platform.node(),
    }


def _compute(job: Job, folder: RunFolder) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    used = {slot: folder.place(name) for slot, name in job.needs.items()}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        write = KINDS[job.kind].compute(job, used)
    ran = {
        "seconds": round(time.perf_counter() - started, 4),
        "cpu_seconds": round(time.process_time() - cpu, 4),
        "host": platform.node(),
        "unbraid": version("unbraid"),
        "warnings": sorted({str(w.message) for w in caught if w.category is RuntimeWarning}),
    }
    text = json.dumps(ran, indent=2) + "\n"
    write(folder.prepare(job.fingerprint), {JOB: job.text + "\n", RAN: text})


def _keep(job: Job, folder: RunFolder, error: Exception) -> dict[str, Any]:
    """Write down why a job failed; if the disk is too full even for that, only the job fails."""
    failure = reason(error)
    try:
        folder.write_failure(job, failure)
    except (UnbraidError, OSError) as second:
        failure["kept"] = f"not written: {second}"
    return failure
