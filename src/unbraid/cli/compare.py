"""The main job: two systems, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from unbraid import _terminal
from unbraid.cli.arguments._files import (
    asked_of_a_command,
    check_tokens,
    file_options,
    in_words_of_a_command,
    judge_of,
    parts_for,
    read,
    read_each,
)
from unbraid.cli.arguments._options import (
    Axes,
    Config,
    Groups,
    Json,
    Load,
    MaybeMethod,
    MaybePath,
    MaybePaths,
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
from unbraid.cli.arguments._workers import opened_for, workers_of
from unbraid.errors import InputError


def compare(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses of the first system.")],
    y: Annotated[Path, typer.Argument(metavar="Y", help="Responses of the second system.")],
    *,
    output: Output,
    x_train: Annotated[MaybePath, typer.Option(help="X to other stimuli, to learn from.")] = None,
    y_train: Annotated[MaybePath, typer.Option(help="Y to other stimuli, to learn from.")] = None,
    dictionary_x: Annotated[
        MaybePaths,
        typer.Option(help="Dictionary or SAE of X, in place of a learned one; repeat for seeds."),
    ] = None,
    dictionary_y: Annotated[MaybePaths, typer.Option(help="The same of Y.")] = None,
    x_untrained: Annotated[MaybePath, typer.Option(help="X of an untrained copy.")] = None,
    y_untrained: Annotated[MaybePath, typer.Option(help="Y of an untrained copy.")] = None,
    features: Annotated[MaybePath, typer.Option(help="True features, where known.")] = None,
    features_train: Annotated[MaybePath, typer.Option(help="Those of other stimuli.")] = None,
    stimuli: Stimuli = None,
    axes: Axes = None,
    time: Time = None,
    select: Select = None,
    trials: Trials = False,
    load: Load = None,
    groups: Groups = None,
    embeddings: Annotated[
        MaybePath,
        typer.Option(help="What makes stimuli alike, to say how interpretable latents are."),
    ] = None,
    labels: Annotated[MaybePath, typer.Option(help="The same: a .txt, one label per line.")] = None,
    names: Annotated[
        Optional[tuple[str, str]],  # noqa: UP045 - typer reads this form on every version
        typer.Option(help="What the report calls X and Y."),
    ] = None,
    pictures: Pictures = None,
    tokens: Tokens = None,
    parts_x: Annotated[
        MaybePath, typer.Option(help="X by Positions(): shows what in a picture drives a latent.")
    ] = None,
    parts_y: Annotated[MaybePath, typer.Option(help="The same of Y.")] = None,
    method: MaybeMethod = None,
    config: Config = None,
    order: Order = None,
    overrides: Set = None,
    seed: MaybeSeed = None,
    on: Annotated[
        MaybeText,
        typer.Option(
            help="Workers that read stores larger than memory: local, dask, or its address."
        ),
    ] = None,
    common: Annotated[bool, typer.Option("--common", help="Keep stimuli that both have.")] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Compare two systems before and after unbraiding, beside the controls.

    For example: unbraid compare model_a.npy model_b.npz -o run/ --set seeds=1

    One array of a file: unbraid compare a.mat::responses b.h5::area/V4 -o run/

    Larger than memory: unbraid compare store_a/ store_b/ --on local -o run/

    With SAEs: unbraid compare a.npy b.npy --dictionary-x sae_a/ --dictionary-y sae_b/ -o run/
    """
    from unbraid import comparison, responses
    from unbraid._config import load_seeded

    comparison.check_free(output, overwrite)
    asked = settled(config, {
        "x_train": x_train, "y_train": y_train, "x_untrained": x_untrained,
        "y_untrained": y_untrained, "features": features, "features_train": features_train,
        "dictionary_x": dictionary_x, "dictionary_y": dictionary_y, "stimuli": stimuli,
        "axes": axes, "time": time, "select": select, "trials": trials, "load": load,
        "groups": groups, "embeddings": embeddings, "labels": labels, "names": names,
        "pictures": pictures, "tokens": tokens, "parts_x": parts_x, "parts_y": parts_y,
        "common": common,
    })  # fmt: skip
    pictures = asked["pictures"]
    shown = None if pictures is None else responses.images(pictures)  # before anything is computed
    options, seed = load_seeded(
        comparison.CompareConfig, config, overrides or [], seed, beside=tuple(asked),
        method=method, order=order,
    )  # fmt: skip
    of_x, of_y, *of_features = file_options(asked, [x, y], {"--features": asked["features"]})
    own = {"x_train": of_x, "y_train": of_y, "x_untrained": of_x, "y_untrained": of_y,
           "features": (*of_features, {})[0], "features_train": (*of_features, {})[0]}  # fmt: skip
    loaded: dict[str, Any] = {
        name: read(asked[name], how) for name, how in own.items() if asked[name] is not None
    }
    given = asked["dictionary_x"] or None, asked["dictionary_y"] or None
    if any(given):
        loaded["dictionaries"] = given
    if on is not None and asked["common"]:
        raise InputError("--common reads both systems whole: leave it or --on out.")
    systems = (
        read_each([x, y], [of_x, of_y], asked)
        if on is None
        else [opened_for(on, *each, read) for each in ((x, of_x), (y, of_y))]
    )
    if asked["groups"] is not None:
        loaded["groups"] = groups_of(asked["groups"], of_x, systems[0])
    loaded["judge"] = judge_of(asked["embeddings"], asked["labels"])
    check_tokens(asked["tokens"], systems[0])  # before anything is computed
    own_parts = [
        parts_for(each, asked[name], f"--{name.replace('_', '-')}")
        for each, name in zip(systems, ("parts_x", "parts_y"), strict=True)
    ]
    systems = list(responses.common(*systems)) if asked["common"] else systems
    with asked_of_a_command(), workers_of(on) as workers:
        result = comparison.compare(
            systems[0], systems[1], options, names=asked["names"] or _called(x, y, *given),
            rng=seed, progress=True, on=workers, **loaded,
        )  # fmt: skip
    result = result.with_warnings(_terminal.pending())
    _terminal.warn(map(in_words_of_a_command, result.warnings))
    folder = result.save(
        output, overwrite=overwrite, pictures=shown, tokens=asked["tokens"], parts=own_parts
    )
    finish(folder, result.record(), str(result), as_json)
    if not result.answered:
        raise typer.Exit(_terminal.NO_ANSWER)


def _called(x: Path, y: Path, of_x: Any, of_y: Any) -> tuple[str, str]:
    """Return what the systems are called: after their files, or, of one file, dictionaries."""
    for first, second in ((x, y), ((of_x or [x])[0], (of_y or [y])[0])):
        if first.stem != second.stem:
            return first.stem, second.stem
        if str(first) != str(second):
            return str(first), str(second)
    return f"{x} (first)", f"{y} (second)"
