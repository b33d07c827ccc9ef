"""Every system against every other."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from unbraid.cli.arguments import _jobs
from unbraid.cli.arguments._options import Json, MaybePath, MaybeTexts, Method, Seed, Set


def matrix(
    systems: Annotated[
        list[str], typer.Argument(metavar="SYSTEM...", help="Files, folders, quoted patterns.")
    ],
    *,
    against: Annotated[
        MaybeTexts,
        typer.Option(help="What they are compared with; repeatable. Default: each other."),
    ] = None,
    output: _jobs.Folder,
    method: Method = "auto",
    config: Annotated[MaybePath, typer.Option(help="YAML options of compare.")] = None,
    overrides: Set = None,
    seed: Seed = 0,
    common: Annotated[bool, typer.Option("--common", help="Keep stimuli that both have.")] = False,
    dry_run: _jobs.DryRun = False,
    workers: _jobs.Workers = None,
    threads: _jobs.Threads = 1,
    memory: _jobs.Memory = None,
    on: _jobs.On = "local",
    shard: _jobs.Shard = None,
    retry: _jobs.Retry = False,
    attempts: _jobs.Attempts = 3,
    as_json: Json = False,
) -> None:
    """Compare every system with every other.

    For example: unbraid matrix 'A/*.npy' --against 'B/*.npy' -o run/

    Each with each: unbraid matrix 'A/*.npy' -o run/ --dry-run

    Each dictionary is learned once. Resumes. The page shows all pairs; a click opens one.
    """
    from unbraid import jobs
    from unbraid._config import load_seeded
    from unbraid.comparison import CompareConfig

    options, _ = load_seeded(CompareConfig, config, overrides or [], seed)
    given: dict[str, Any] = {name: getattr(options, name) for name in options.model_fields_set}
    given.setdefault("method", method)
    plan = jobs.matrix(systems, against, seed=seed, common=common, **given)
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
    if any(row["kind"] == "compare" and row["state"] == "done" for row in found.rows):
        jobs.write_page(found)
    _jobs.say(found, output, as_json)
