"""The experiments of the papers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json, MaybePath, Overwrite, Set, finish


def study(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a study, or list.")],
    *,
    output: Annotated[
        MaybePath,
        typer.Option("--output", "-o", help="Default: runs/study-NAME; of list: runs."),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="A reduced version, in seconds.")] = False,
    data: Annotated[
        MaybePath,
        typer.Option(help="Folder of real data; default: UNBRAID_DATA."),
    ] = None,
    networks: Annotated[
        MaybePath,
        typer.Option(help="Folder of networks' weights; default: UNBRAID_NETWORKS."),
    ] = None,
    overrides: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Reproduce a result of the papers: one study, one page.

    For example: unbraid study list

    Small and quick: unbraid study deflation --fast
    """
    from unbraid import comparison, studies
    from unbraid._progress import progress

    if name == "list":
        _list_studies(output or Path("runs"), as_json)
        return
    folder = output or Path("runs") / f"study-{name}"
    places = {"data": data, "networks": networks}
    options = [f"{key}={str(path)!r}" for key, path in places.items() if path is not None]
    options += [*(["fast=true"] if fast else []), *(overrides or [])]
    choice = studies.choose(name).with_options(options)
    comparison.check_free(folder, overwrite, f"study {choice.name}")
    with progress() as tell:
        result = studies.run(choice, tell)
    studies.save(result, folder, overwrite=overwrite)
    finish(folder, result.record(), repr(result), as_json)


def _list_studies(folder: Path, as_json: bool) -> None:
    """Print every study's question, and which of its claims held in the runs of a folder."""
    from unbraid import studies

    runs = studies.found_runs(folder, studies.STUDIES)
    rows, lines = [], []
    for name, kind in studies.STUDIES.items():
        own = [run for run in runs if run.study == name]
        rows.append({"name": name, "question": kind.question, "runs": [vars(run) for run in own]})
        lines += [f"{name:16} {kind.question}", *(f"{'':16}   {run}" for run in own)]
    _terminal.show(rows, "\n".join(lines), as_json)
