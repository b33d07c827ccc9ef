"""The page of a saved run, written again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json, Pictures, Tokens, finish


def report(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a saved run.")],
    *,
    pictures: Pictures = None,
    tokens: Tokens = None,
    as_json: Json = False,
) -> None:
    """Write the page of a run again, without computing anything.

    For example: unbraid report run/

    With the stimuli: unbraid report run/ --pictures pictures.zip
    """
    from unbraid import runs
    from unbraid._answers import beside_of, check_free, kind_of

    result = runs.load_run(run)
    check_free(run, overwrite=True, kind=kind_of(run))
    beside = beside_of(run)
    result.save(run, overwrite=True, pictures=pictures, tokens=tokens, beside=beside)
    _terminal.warn(result.warnings)
    finish(run, result.record(), str(result), as_json)
