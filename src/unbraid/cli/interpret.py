"""What the latents of a dictionary mean to another system."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from unbraid import _folders, _terminal
from unbraid.cli.arguments._files import (
    asked_of_a_command,
    check_tokens,
    file_options,
    labels_judge,
    parts_for,
    read,
)
from unbraid.cli.arguments._options import (
    Axes,
    Config,
    Json,
    Load,
    MaybePath,
    MaybeSeed,
    MaybeTexts,
    Output,
    Overwrite,
    Select,
    Stimuli,
    Time,
    Tokens,
    Trials,
    finish,
)
from unbraid.cli.arguments._settings import settled
from unbraid.errors import InputError


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
    labels: Annotated[
        MaybePath, typer.Option(help="A .txt with one label per line, or t.csv::column.")
    ] = None,
    features: Annotated[MaybePath, typer.Option(help="Known features or concepts.")] = None,
    pictures: Annotated[
        MaybePath, typer.Option(help="Folder or zip of the stimuli; the judge, if alone.")
    ] = None,
    tokens: Tokens = None,
    parts: Annotated[
        MaybePath, typer.Option(help="X by Positions(): shows what in a picture drives a latent.")
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
    stimuli: Stimuli = None,
    axes: Axes = None,
    time: Time = None,
    select: Select = None,
    trials: Trials = False,
    load: Load = None,
    config: Config = None,
    seed: MaybeSeed = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """How interpretable codes are, beside units and baselines.

    For example: unbraid interpret d/ x.npy --embeddings other.npy -o page/

    By labels, with the stimuli: unbraid interpret d/ x.npy --labels l.txt --pictures p.zip -o page/
    """
    from unbraid import evaluation, responses, sparse
    from unbraid import interpret as room
    from unbraid._config import load_seeded

    _folders.check_target(output, evaluation.KIND, overwrite=overwrite)
    asked = settled(config, {
        "embeddings": embeddings, "labels": labels, "features": features, "pictures": pictures,
        "x_train": x_train, "x_untrained": x_untrained, "stimuli": stimuli, "axes": axes,
        "time": time, "select": select, "trials": trials, "load": load,
        "tokens": tokens, "parts": parts,
    })  # fmt: skip
    options, seed = load_seeded(
        evaluation.EvaluateConfig, config, overrides or [], seed, beside=tuple(asked)
    )
    beside = [name for name in ("embeddings", "features") if asked[name] is not None]
    own, *others = file_options(asked, [x], {f"--{name}": asked[name] for name in beside})
    learned, values = sparse.Dictionary.load(dictionary), read(x, own)
    files = {**dict(zip(beside, others, strict=True)), "x_train": own, "x_untrained": own}
    with _labels_named(asked["features"]):
        known: dict[str, Any] = {
            name: read(asked[name], how) for name, how in files.items() if asked[name] is not None
        }
    if asked["labels"] is not None:
        known["labels"] = labels_judge(asked["labels"])
    own_parts = parts_for(values, asked["parts"], "--parts")
    check_tokens(asked["tokens"], values)  # before anything is computed
    shown: Any = None
    if asked["pictures"] is not None:
        shown = responses.images(asked["pictures"])
        judged = bool(known.keys() & {"embeddings", "labels", "features"})
        if values.stimuli is None or not judged:
            shown = evaluation.thumbnails(shown, values.stimuli, len(values))
        else:
            responses.pictures_by_id(shown, values.stimuli)  # before anything is computed
        if not judged:
            known["judge"] = room.pixels(shown, stimuli=values.stimuli)
    with asked_of_a_command():
        result = evaluation.evaluate(
            learned, values, options, rng=seed, progress=not as_json, **known
        )
    _terminal.warn([*_terminal.pending(), *result.warnings])
    folder = result.save(
        output, overwrite=overwrite, pictures=shown, tokens=asked["tokens"], parts=own_parts
    )
    finish(folder, result.record(), str(result), as_json)


@contextmanager
def _labels_named(features: Path | None) -> Iterator[None]:
    """Say which option takes labels, where a text file of them was given as features."""
    try:
        yield
    except InputError as error:
        labels = features is not None and features.suffix == ".txt" and str(features) in str(error)
        hint = " One label per line is given by --labels." if labels else ""
        raise InputError(f"{error}{hint}") from None
