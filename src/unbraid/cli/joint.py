"""The second main job: several systems, and what they share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._files import check_tokens, file_options, read_each
from unbraid.cli.arguments._options import (
    Axes,
    Config,
    Groups,
    Json,
    Load,
    MaybeMethod,
    MaybeSeed,
    MaybeText,
    Order,
    Output,
    Overwrite,
    Pictures,
    Select,
    Set,
    Stimuli,
    Time,
    Tokens,
    Trials,
    finish,
)
from unbraid.cli.arguments._settings import settled
from unbraid.cli.arguments._texts import groups_of
from unbraid.errors import InputError


def joint(
    systems: Annotated[
        list[Path], typer.Argument(metavar="X Y [Z ...]", help="Responses, one file per system.")
    ],
    *,
    output: Output,
    names: Annotated[
        MaybeText, typer.Option(help="Of the systems, as A,B; default: files'.")
    ] = None,
    pictures: Pictures = None,
    method: MaybeMethod = None,
    stimuli: Stimuli = None,
    axes: Axes = None,
    time: Time = None,
    select: Select = None,
    trials: Trials = False,
    load: Load = None,
    groups: Groups = None,
    tokens: Tokens = None,
    config: Config = None,
    order: Order = None,
    overrides: Set = None,
    seed: MaybeSeed = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """One dictionary of several systems, and which of its features they share.

    For example: unbraid joint a.npy b.npy c.npy -o run/ --names A,B,C

    One array of a file: unbraid joint a.mat::responses b.npy -o run/ --method 'TopK(k=32)'
    """
    from unbraid import responses, sharing
    from unbraid._answers import check_free
    from unbraid._config import load_seeded

    check_free(output, overwrite, sharing.KIND)
    asked = settled(config, {
        "names": None if names is None else names.split(","), "stimuli": stimuli, "axes": axes,
        "time": time, "select": select, "trials": trials, "load": load, "groups": groups,
        "tokens": tokens,
    })  # fmt: skip
    shown = None if pictures is None else responses.images(pictures)  # before anything is computed
    options, seed = load_seeded(
        sharing.JointConfig, config, overrides or [], seed, beside=tuple(asked),
        method=method, order=order,
    )  # fmt: skip
    own = file_options(asked, systems)
    loaded = dict(zip(_names(systems, asked["names"]), read_each(systems, own, asked), strict=True))
    first = next(iter(loaded.values()))
    check_tokens(asked["tokens"], first)  # before anything is computed
    of_stimuli = None if asked["groups"] is None else groups_of(asked["groups"], own[0], first)
    result = sharing.joint(loaded, options, groups=of_stimuli, rng=seed, progress=True)
    result = result.with_warnings(_terminal.pending())
    _terminal.warn(result.warnings)
    folder = result.save(output, overwrite=overwrite, pictures=shown, tokens=asked["tokens"])
    finish(folder, result.record(), str(result), as_json)


def _names(systems: list[Path], names: list[str] | None) -> list[str]:
    """Return one name per system: those given, else the files' where they differ."""
    if names is None:
        short = [path.stem for path in systems]
        found = short if len(set(short)) == len(short) else [str(path) for path in systems]
        if len(set(found)) < len(found):
            raise InputError("The same file is given twice; give --names, one for each system.")
        return found
    found = [name.strip() for name in names]
    if len(found) != len(systems):
        raise InputError(
            f"--names must name each of the {len(systems)} systems, got {len(found)}: "
            f"{', '.join(found)}."
        )
    if len(set(found)) < len(found):
        raise InputError(f"--names must differ from each other, got {', '.join(found)}.")
    return found
