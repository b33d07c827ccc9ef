"""What the commands of many jobs share: how they run, and what they say at the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unbraid import _terminal
from unbraid.cli._options import MaybeFloat, MaybeInt, MaybeText

if TYPE_CHECKING:
    from unbraid.jobs import Plan, Results

Folder = Annotated[
    Path, typer.Option("--output", "-o", help="Folder of the run; what is done there stays.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say the size of the run; run nothing.")]
Workers = Annotated[MaybeInt, typer.Option(min=1, help="Processes; default: one a core.")]
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
) -> Results:
    """Run a plan on this machine; progress is for terminals."""
    from unbraid import jobs

    share = None if shard is None else jobs.parse_share(shard)
    with jobs.Local(workers, threads, memory) as pool:
        jobs.run(
            plan,
            folder,
            pool,
            attempts=attempts,
            retry=retry,
            shard=share,
            progress=sys.stderr is not None and sys.stderr.isatty(),
        )
    return jobs.results_of(plan if share is None else plan.share(*share), folder)


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
