"""The page of a saved run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli._options import Json, MaybePath, finish


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a saved run.")],
    *,
    pictures: Annotated[
        MaybePath, typer.Option(help="Folder or zip of the stimuli, matched by id.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the page of a run again, without computing anything.

    For example: unbraid report run/

    With the stimuli: unbraid report run/ --pictures pictures.zip
    """
    from unbraid import comparison, runs

    comparison.check_free(run, overwrite=True)
    result = runs.load_run(run)
    beside = comparison.beside_of(run)
    result.save(run, overwrite=True, pictures=pictures, beside=beside)
    _terminal.warn(result.warnings)
    finish(run, result.record(), str(result), as_json)
