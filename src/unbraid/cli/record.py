"""Responses of a network's layers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from unbraid import _folders
from unbraid.cli.arguments._options import (
    Json,
    MaybeFloat,
    MaybePath,
    MaybeText,
    MaybeTexts,
    Output,
    Seed,
    finish,
)


def record(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A known network, transformers folder, torchvision:NAME, timm:NAME.",
        ),
    ],
    stimuli: Annotated[
        Path, typer.Argument(help="Folder or zip of pictures, taken by name; or a .txt of lines.")
    ],
    *,
    output: Output,
    layers: Annotated[MaybeTexts, typer.Option("--layer", help="Name or glob; repeatable.")] = None,
    weights: Annotated[MaybePath, typer.Option(help="The network's weights.")] = None,
    untrained: Annotated[bool, typer.Option("--untrained", help="Random weights instead.")] = False,
    white: Annotated[MaybeFloat, typer.Option(help="Number that is white in pictures.")] = None,
    background: Annotated[MaybeText, typer.Option(help="Colour behind transparent ones.")] = None,
    units: Annotated[str, typer.Option(help="E.g. 'AveragePool(size=4)'.")] = "Flatten()",
    dtype: Annotated[str, typer.Option(help="float16, float32 or float64.")] = "float16",
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Record layers' responses; resumes.

    For example: unbraid record squeezenet1_1 pictures/ -o R/ --weights squeezenet1_1.safetensors

    Random weights: unbraid record resnet20 pictures.zip -o R/ --untrained --layer 'layer3*'
    """
    from unbraid import responses

    _folders.check_makeable(output)
    network = responses.open_network(model, weights, untrained=untrained, rng=seed)
    shown: Any = stimuli
    if white is not None or background is not None:
        shown = responses.images(stimuli, white=white, background=background)
    found = responses.record_to(
        output,
        network,
        shown,
        layers or network.layers,
        units=responses.parse_rule(units),
        dtype=dtype,
        progress=not as_json,
    )
    shapes = {layer: list(store.shape) for layer, store in found.items()}
    lines = [f"{layer}: {n} stimuli x {p} units" for layer, (n, p) in shapes.items()]
    finish(output, shapes, "\n".join(lines), as_json)
