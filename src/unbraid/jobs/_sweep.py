"""One call: many jobs from one description."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid._progress import Progress
from unbraid.jobs._plan import Plan, plan_of, read_sweep
from unbraid.jobs._results import Results, results_of
from unbraid.jobs._run import run
from unbraid.jobs.executors import Executor


def sweep(
    spec: str | Path | Mapping[str, Any] | Plan,
    folder: str | Path,
    *,
    on: Executor | None = None,
    attempts: int = 3,
    retry: bool = False,
    shard: tuple[int, int] | None = None,
    progress: bool | Progress = False,
) -> Results:
    """Do every job of a sweep that is not done, and return all as a table.

    Parameters
    ----------
    spec : path, mapping or Plan
        A YAML file, or what it holds: ``job`` (``compare``, ``fit``, ``score`` or ``study``),
        ``base`` (options of all jobs), ``grid`` (option -> values: every combination), ``zip``
        (option -> values that change together) and ``list`` (sets of options). Files are paths,
        ``file::array``, or ``{path: ..., values: ...}``; in ``grid`` also patterns of several.
        Relative paths begin at the YAML file's folder, or the current one.
    folder : path
        Where each job's result lies, in a folder of its own that is whole or absent. What is whole
        there already is not computed again.
    on : Executor, optional
        Anything with ``submit(f, *args) -> future``; by default worker processes of this machine.
    attempts : int
        Workers that may die over one job before it counts as failed.
    retry : bool
        Whether jobs that failed before are tried again.
    shard : (i, n), optional
        Do only the i-th of n shares of the jobs, and what these need.
    progress : bool or callable
        Show progress on stderr, or report it to ``progress(message, share)``.

    Returns
    -------
    Results
        A row per job; those that failed say why.

    Raises
    ------
    InputError
        An unknown key, with a suggestion; a file that does not exist; a folder that holds
        something else.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> place = tempfile.mkdtemp()
    >>> np.save(f"{place}/x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    >>> spec = {"job": "score", "base": {"x": f"{place}/x.npy", "y": f"{place}/x.npy"},
    ...         "grid": {"metric": ["cka", "procrustes"]}}
    >>> found = sweep(spec, f"{place}/run")
    >>> found, [round(row["value"], 6) for row in found.rows]
    (Results(2 jobs: 2 done), [1.0, 1.0])
    """
    plan = _plan(spec)
    run(plan, folder, on, attempts=attempts, retry=retry, shard=shard, progress=progress)
    return results_of(plan, folder)


def _plan(spec: str | Path | Mapping[str, Any] | Plan) -> Plan:
    if isinstance(spec, Plan):
        return spec
    return plan_of(spec, Path.cwd()) if isinstance(spec, Mapping) else read_sweep(spec)
