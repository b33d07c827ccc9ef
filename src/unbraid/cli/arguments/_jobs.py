"""What the commands of many jobs share: how they run, and what they say at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import MaybeFloat, MaybeInt, MaybeText
from unbraid.errors import InputError

if TYPE_CHECKING:
    from unbraid.jobs import Plan, Results

Folder = Annotated[
    Path, typer.Option("--output", "-o", help="Folder of the run; finished jobs in it are kept.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say the size of the run; run nothing.")]
On = Annotated[str, typer.Option(help="local, dask, or the address of a dask scheduler.")]
Workers = Annotated[MaybeInt, typer.Option(min=1, help="Processes; default: one per core.")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each worker.")]
Memory = Annotated[MaybeFloat, typer.Option(help="GiB of data that a worker may hold.")]
Shard = Annotated[MaybeText, typer.Option(metavar="I/N", help="Do the i-th of n shares only.")]
Retry = Annotated[bool, typer.Option("--retry", help="Try again what failed before.")]
Attempts = Annotated[int, typer.Option(min=1, help="Workers that may die over one job.")]


def dry(plan: Plan, folder: Path, workers: int | None, as_json: bool) -> None:
    """Say what a run would take."""
    from unbraid import jobs

    told = jobs.foretell(plan, folder, jobs.Local(workers).workers)
    _terminal.show(told.record(), str(told), as_json)


def do(
    plan: Plan,
    folder: Path,
    *,
    workers: int | None,
    threads: int,
    memory: float | None,
    shard: str | None,
    retry: bool,
    attempts: int,
    on: str,
) -> Results:
    """Run a plan; progress is for terminals."""
    from unbraid import jobs

    share = None if shard is None else jobs.parse_share(shard)
    with _executor(on, workers, threads, memory) as pool:
        ended = jobs.run(
            plan,
            folder,
            pool,
            attempts=attempts,
            retry=retry,
            shard=share,
            progress=sys.stderr is not None and sys.stderr.isatty(),
        )
    found = jobs.results_of(plan if share is None else plan.share(*share), folder)
    for row in found.rows:  # on a full disk not even the reason could be written
        if row["state"] == "missing" and row["job"] in ended.failed:
            row["error"] = ended.failed[row["job"]]
    return found


def _executor(on: str, workers: int | None, threads: int, memory: float | None) -> Any:
    """Return where the jobs run."""
    from unbraid import jobs
    from unbraid.jobs.executors.dask import Dask

    if on == "local":
        return jobs.Local(workers, threads, memory)
    if (workers, threads, memory) != (None, 1, None):
        raise InputError("--workers, --threads and --memory are for --on local; dask has its own.")
    if on != "dask" and "://" not in on:
        raise InputError(f"--on is local, dask or an address such as tcp://host:8786, got {on!r}.")
    return Dask(None if on == "dask" else on)


def say(found: Results, folder: Path, as_json: bool) -> None:
    """Print how the run ended; a job that failed makes exit status 1."""
    failed = [row for row in found.rows if row["state"] != "done"]
    lines = [f"{len(found) - len(failed)} of {len(found)} jobs done."]
    lines += [f"{row['job']} {row['state']}: {row.get('error')}" for row in failed[:5]]
    if failed:
        lines.append(f"unbraid results {folder} --failed lists all; --retry tries them again.")
    record = {"folder": str(folder), "jobs": list(found.rows)}
    _terminal.show(record, "\n".join([*lines, str(folder)]), as_json)
    if failed:
        raise typer.Exit(_terminal.NO_ANSWER)
