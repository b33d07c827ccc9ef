"""The results of a run as a table: one row per job, or one row a score."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unbraid._documented import documented_answer
from unbraid.jobs._expand import unknown
from unbraid.jobs._exports import query as answer
from unbraid.jobs._exports import write_parquet
from unbraid.jobs._folder import RAN, RESULT, RunFolder, read_json
from unbraid.jobs._job import Job
from unbraid.jobs._lines import lines_of
from unbraid.jobs._plan import Plan
from unbraid.jobs.kinds import KINDS

if TYPE_CHECKING:
    import pandas as pd


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Results:
    """What the jobs of a run gave; jobs that failed or were not run are rows as well."""

    folder: Path
    """Where they lie."""
    rows: tuple[dict[str, Any], ...]
    """``job`` (fingerprint), ``kind``, ``state``, files, options that vary, numbers, ``error``."""
    jobs: tuple[Job, ...]
    """The job of each row."""

    def __repr__(self) -> str:
        counts = {s: sum(row["state"] == s for row in self.rows) for s in _STATES}
        told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
        return f"Results({len(self.rows)} jobs: {told or 'none'})"

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of all columns, in the order of their first row."""
        return tuple(dict.fromkeys(name for row in self.rows for name in row))

    def where(self, **wanted: Any) -> Results:
        """Return the rows that have these values; text is compared as it is written.

        Parameters
        ----------
        **wanted : object
            Column and value.

        Returns
        -------
        Results
            Those rows only.

        Raises
        ------
        InputError
            A column that no row has.
        """
        for name in wanted:
            if self.rows and name not in self.columns:
                raise unknown(name, self.columns, "These results")
        kept = [
            (row, job)
            for row, job in zip(self.rows, self.jobs, strict=True)
            if all(_same(row.get(name), value) for name, value in wanted.items())
        ]
        rows, jobs = zip(*kept, strict=True) if kept else ((), ())
        return Results(folder=self.folder, rows=rows, jobs=jobs)

    def table(self) -> pd.DataFrame:
        """Return one row per job."""
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(self.columns))

    def scores(self) -> list[dict[str, Any]]:
        """Return one row per score of every comparison and score job that is done."""
        found = []
        for row, job in zip(self.rows, self.jobs, strict=True):
            if row["state"] == "done":
                result = self.result(job)
                own = {n: row[n] for n in ("job", *job.files, *_varying(self.jobs)) if n in row}
                scores = result.get("scores") or ([result] if job.kind == "score" else [])
                found += [{**own, **_flat(score)} for score in scores]
        return found

    def result(self, job: Job) -> dict[str, Any]:
        """Return the ``result.json`` of a job that is done.

        Parameters
        ----------
        job : Job
            One of ``jobs``.

        Returns
        -------
        dict
            What the file holds.
        """
        return read_json(RunFolder(self.folder).place(job.fingerprint) / RESULT)

    def text(self) -> str:
        """Return the rows as lines for a terminal, a table for each kind of job."""
        kinds = dict.fromkeys(row["kind"] for row in self.rows)
        return "\n\n".join(lines_of([r for r in self.rows if r["kind"] == kind]) for kind in kinds)

    def to_parquet(self, path: str | Path, *, scores: bool = False) -> Path:
        """Write the rows, or those of ``scores``, to one Parquet file, whole or not at all.

        Parameters
        ----------
        path : str or Path
            The file.
        scores : bool
            Whether to write one row per score in place of one per job.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        InputError
            pyarrow is not installed; nothing can be written there.
        """
        return write_parquet(self.scores() if scores else self.rows, path)

    def sql(self, query: str) -> pd.DataFrame:
        """Return what a query in SQL finds in two tables, by DuckDB.

        Parameters
        ----------
        query : str
            In DuckDB's SQL, over ``results`` (a row per job, the columns of ``columns``) and
            ``scores`` (a row per score). It can read no file and change nothing.

        Returns
        -------
        DataFrame
            Its rows.

        Raises
        ------
        InputError
            DuckDB is not installed; the query cannot be answered.
        """
        return answer(query, {"results": self.rows, "scores": self.scores()})


_STATES = ("done", "failed", "missing", "invalid")


def results(folder: str | Path) -> Results:
    """Return what lies in the folder of a run: of every plan that was run there, each job once.

    Parameters
    ----------
    folder : str or Path
        Where ``run`` or ``sweep`` put them.

    Returns
    -------
    Results
        A row per job; jobs that failed or were not run are rows as well.

    Raises
    ------
    InputError
        The folder holds no run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    >>> spec = {"job": "score", "base": {"x": "x.npy", "y": "x.npy", "metric": "cka"}}
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import unbraid as ub
    >>> _ = ub.jobs.run(ub.jobs.plan_of(spec, place), place / "run", ThreadPoolExecutor(1))
    >>> results(place / "run")
    Results(1 jobs: 1 done)
    """
    kept = RunFolder.open(folder)
    jobs: dict[str, Job] = {}
    for plan in kept.plans():
        for job in plan.jobs:
            jobs.setdefault(job.fingerprint, job)
    return _results(kept, tuple(jobs.values()))


def results_of(plan: Plan, folder: str | Path) -> Results:
    """Return what lies in the folder of a run for the jobs of one plan, in its order.

    Parameters
    ----------
    plan : Plan
        Whose jobs are looked for.
    folder : str or Path
        Where ``run`` or ``sweep`` put the results.

    Returns
    -------
    Results
        A row for each job of the plan.

    Raises
    ------
    InputError
        The folder holds no run.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> place = Path(tempfile.mkdtemp())
    >>> np.save(place / "x.npy", np.random.default_rng(0).normal(size=(40, 3)))
    >>> spec = {"job": "score", "base": {"x": "x.npy", "y": "x.npy", "metric": "cka"}}
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import unbraid as ub
    >>> plan = ub.jobs.plan_of(spec, place)
    >>> _ = ub.jobs.run(plan, place / "run", ThreadPoolExecutor(1))
    >>> round(results_of(plan, place / "run").rows[0]["value"], 6)
    1.0
    """
    return _results(RunFolder.open(folder), plan.jobs)


def _results(kept: RunFolder, jobs: tuple[Job, ...]) -> Results:
    kinds = dict.fromkeys(job.kind for job in jobs)
    varying = {kind: _varying([job for job in jobs if job.kind == kind]) for kind in kinds}
    rows = tuple(_row(kept, job, varying[job.kind]) for job in jobs)
    return Results(folder=kept.root, rows=rows, jobs=jobs)


def _row(kept: RunFolder, job: Job, varying: Sequence[str]) -> dict[str, Any]:
    state = kept.state(job)
    row: dict[str, Any] = {"job": job.fingerprint, "kind": job.kind, "state": state}
    row |= {slot: file.name for slot, file in job.files.items()}
    row |= {name: _plain(job.asked.get(name)) for name in varying if name not in job.files}
    if state == "done":
        place = kept.place(job.fingerprint)
        try:
            row |= KINDS[job.kind].summary(read_json(place / RESULT))
        except (KeyError, IndexError, TypeError):
            row["state"] = "invalid"
        ran = read_json(place / RAN)
        row |= {"seconds": ran.get("seconds"), "unbraid": ran.get("unbraid")}
    elif state == "failed":
        failure = kept.failure(job.fingerprint) or {}
        row |= {"error": failure.get("message"), "traceback": failure.get("traceback")}
    return row


def _varying(jobs: Sequence[Job]) -> list[str]:
    """Return the options that differ between jobs, in the order in which they were given."""
    names = dict.fromkeys(name for job in jobs for name in job.asked)
    return [n for n in names if len({json.dumps(job.asked.get(n)) for job in jobs}) > 1]


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _flat(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if not isinstance(value, list | dict)}


def _same(have: Any, wanted: Any) -> bool:
    return have == wanted or (isinstance(wanted, str) and str(have) == wanted)
