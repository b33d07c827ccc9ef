"""What the latents of a dictionary mean to another system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unbraid import _folders, _terminal
from unbraid.cli._files import asked_of_a_command
from unbraid.cli._options import (
    Json,
    MaybePath,
    MaybeTexts,
    Output,
    Overwrite,
    Seed,
    finish,
)


def interpret(
    dictionary: Annotated[
        Path, typer.Argument(metavar="DICTIONARY", help="Folder of a learned dictionary.")
    ],
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses of its system.")],
    *,
    output: Output,
    embeddings: Annotated[
        MaybePath, typer.Option(help="Responses of another system: what makes stimuli alike.")
    ] = None,
    labels: Annotated[MaybePath, typer.Option(help="A .txt with one label per line.")] = None,
    features: Annotated[MaybePath, typer.Option(help="Known features or concepts.")] = None,
    pictures: Annotated[
        MaybePath, typer.Option(help="Folder or zip of the stimuli; the judge, if alone.")
    ] = None,
    x_train: Annotated[
        MaybePath, typer.Option(help="X to other stimuli, for the baselines to learn from.")
    ] = None,
    x_untrained: Annotated[
        MaybePath, typer.Option(help="X of an untrained copy of its system.")
    ] = None,
    overrides: Annotated[
        MaybeTexts,
        typer.Option("--set", metavar="KEY=VALUE", help="E.g. seeds=3 or measures=[pair_task]."),
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """How interpretable codes are, beside units and baselines.

    For example: unbraid interpret d/ x.npy --embeddings other.npy -o page/

    By labels, with the stimuli: unbraid interpret d/ x.npy --labels l.txt --pictures p.zip -o page/
    """
    from unbraid import evaluation, responses, sparse
    from unbraid import interpret as room

    _folders.check_target(output, evaluation.KIND, overwrite=overwrite)
    config = evaluation.EvaluateConfig().with_options(overrides or [])
    learned, values = sparse.Dictionary.load(dictionary), responses.load_plainly(x)
    files = {"embeddings": embeddings, "features": features}
    files |= {"x_train": x_train, "x_untrained": x_untrained}
    known: dict[str, Any] = {
        name: responses.load_plainly(path) for name, path in files.items() if path is not None
    }
    if labels is not None:
        known["labels"] = room.read_labels(labels)
    shown = None
    if pictures is not None:
        shown = evaluation.thumbnails(responses.images(pictures), values.stimuli, len(values))
        if not known.keys() & {"embeddings", "labels", "features"}:
            known["judge"] = room.pixels(shown, stimuli=values.stimuli)
    with asked_of_a_command():
        result = evaluation.evaluate(
            learned, values, config, rng=seed, progress=not as_json, **known
        )
    _terminal.warn([*_terminal.pending(), *result.warnings])
    folder = result.save(output, overwrite=overwrite, pictures=shown)
    finish(folder, result.record(), str(result), as_json)
