"""The sparse codes of responses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from unbraid import _terminal
from unbraid.cli.arguments._files import file_options, read
from unbraid.cli.arguments._options import (
    Axes,
    Config,
    Device,
    Json,
    Load,
    MaybePath,
    MaybeText,
    Output,
    Select,
    Stimuli,
    Time,
    Trials,
    finish,
)
from unbraid.cli.arguments._settings import settled


def encode(
    dictionary: Annotated[
        Path, typer.Argument(metavar="DICTIONARY", help="Folder of a learned dictionary.")
    ],
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to encode.")],
    *,
    output: Output,
    by: Annotated[
        MaybeText, typer.Option(help="encoder, omp, fista, l0 or posterior; default: as learned.")
    ] = None,
    train: Annotated[
        MaybePath,
        typer.Option(
            help="Training responses: a penalty, floor or prior that is missing is learned."
        ),
    ] = None,
    device: Device = None,
    stimuli: Stimuli = None,
    axes: Axes = None,
    time: Time = None,
    select: Select = None,
    trials: Trials = False,
    load: Load = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Infer the sparse codes of X.

    For example: unbraid encode d/ x.npy -o codes.npz

    By another library's SAE, solved for: unbraid encode sae/ x.npy -o codes.npz --by fista
    """
    from unbraid import responses, sparse

    responses.check_codes_file(output)
    asked = settled(config, {
        "by": by, "train": train, "device": device, "stimuli": stimuli, "axes": axes, "time": time,
        "select": select, "trials": trials, "load": load,
    }, known=True)  # fmt: skip
    (own,) = file_options(asked, [x])
    learned = sparse.Dictionary.load(dictionary)
    _terminal.warn(learned.evidence.warnings)
    values, how = read(x, own), cast(Any, asked["by"])
    if asked["train"] is not None:
        learned = learned.prepared(read(asked["train"], own), how)
    codes = learned.encode(values, by=how, device=asked["device"])
    responses.save(codes, output)
    summary = {"n": codes.shape[0], "n_latents": codes.shape[1], "l0": codes.l0, "gap": codes.gap}
    finish(output, summary, repr(codes), as_json)
