"""A test of interpretability that people take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _folders, _terminal
from unbraid.cli.arguments._options import Json, MaybePath, Output, Overwrite, Seed


def intrusion_test(
    run: Annotated[
        Path,
        typer.Argument(metavar="RUN", help="Folder of unbraid interpret, or of saved trials."),
    ],
    *,
    output: Output,
    pictures: Annotated[
        MaybePath, typer.Option(help="Folder or zip of the stimuli; default: their ids, as text.")
    ] = None,
    units: Annotated[int, typer.Option(min=1, help="Units, drawn at random.")] = 20,
    each: Annotated[int, typer.Option(min=1, help="Trials of each unit.")] = 2,
    catch: Annotated[int, typer.Option(min=0, help="Trials with an obvious answer.")] = 3,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Make a page on which people find the stimulus that does not belong to a latent.

    For example: unbraid intrusion-test run/ --pictures pictures/ -o test/

    Shorter, for one person: unbraid intrusion-test run/ --pictures p.zip -o test/ --each 1
    """
    from unbraid import interpret, responses
    from unbraid.evaluation import human_test, thumbnails

    _folders.check_target(output, human_test.KIND, overwrite=overwrite)
    trials = human_test.human_trials(
        interpret.read_trials(run), units=units, each=each, catch=catch, rng=seed
    )
    shown = None
    if pictures is not None:
        shown = thumbnails(responses.images(pictures), trials.stimuli, trials.n)
    folder = human_test.write_test(trials, output, pictures=shown, overwrite=overwrite)
    line = f"{len(trials)} trials of {units} units at most. Give people {human_test.PAGE} alone."
    _terminal.show({"trials": len(trials)}, f"{line}\n{folder / human_test.PAGE}", as_json)
