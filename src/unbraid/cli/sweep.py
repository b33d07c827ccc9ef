"""Many jobs from one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid.cli.arguments import _jobs
from unbraid.cli.arguments._options import Json


def sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML: job, base, grid, zip, list.")],
    output: _jobs.Folder,
    dry_run: _jobs.DryRun = False,
    workers: _jobs.Workers = None,
    threads: _jobs.Threads = 1,
    *,
    memory: _jobs.Memory = None,
    on: _jobs.On = "local",
    shard: _jobs.Shard = None,
    retry: _jobs.Retry = False,
    attempts: _jobs.Attempts = 3,
    as_json: Json = False,
) -> None:
    """Do many jobs from one file, each once; resumes.

    For example: unbraid sweep sweep.yaml -o run/

    What it would take: unbraid sweep sweep.yaml -o run/ --dry-run
    """
    from unbraid import jobs

    plan = jobs.read_sweep(file)
    if dry_run:
        _jobs.dry(plan, output, workers, as_json)
        return
    found = _jobs.do(
        plan,
        output,
        workers=workers,
        threads=threads,
        memory=memory,
        shard=shard,
        retry=retry,
        attempts=attempts,
        on=on,
    )
    _jobs.say(found, output, as_json)
