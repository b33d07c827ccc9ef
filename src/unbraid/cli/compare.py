"""The main job: two systems, before and after."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from unbraid import _terminal
from unbraid.cli._files import (
    asked_of_a_command,
    file_options,
    in_words_of_a_command,
    lines_of,
    read,
)
from unbraid.cli._options import (
    Json,
    MaybeInt,
    MaybePath,
    MaybePaths,
    MaybeText,
    MaybeTexts,
    Output,
    Overwrite,
    Set,
    finish,
)


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
    stimuli: Annotated[
        MaybeTexts,
        typer.Option(help="Array of ids in the files, or a .txt of them; twice: X's, Y's."),
    ] = None,
    axes: Annotated[
        MaybeTexts, typer.Option(help="E.g. 'units stimuli'; once for both, or twice.")
    ] = None,
    time: Annotated[MaybeTexts, typer.Option(help="Time bins: mean or units.")] = None,
    trials: Annotated[
        bool, typer.Option("--trials", help="Rows with the same id are repeats.")
    ] = False,
    groups: Annotated[
        MaybePath, typer.Option(help="Group of each stimulus of X: a .txt, one per line.")
    ] = None,
    names: Annotated[
        Optional[tuple[str, str]],  # noqa: UP045 - typer reads this form on every version
        typer.Option(help="What the report calls X and Y."),
    ] = None,
    pictures: Annotated[
        MaybePath, typer.Option(help="Folder or zip of the stimuli, matched by id.")
    ] = None,
    method: Annotated[MaybeText, typer.Option(help="E.g. 'TopK(k=32)'; default: auto.")] = None,
    config: Annotated[MaybePath, typer.Option(help="YAML options, or a run's config.json.")] = None,
    order: Annotated[MaybeText, typer.Option(help="Stimuli: auto, exchangeable or time.")] = None,
    overrides: Set = None,
    seed: Annotated[MaybeInt, typer.Option(min=0, help="Default: --config's, else 0.")] = None,
    common: Annotated[bool, typer.Option("--common", help="Keep stimuli that both have.")] = False,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Compare two systems before and after unbraiding, beside the controls.

    For example: unbraid compare model_a.npy model_b.npz -o run/ --set seeds=1

    One array of a file: unbraid compare a.mat::responses b.h5::area/V4 -o run/

    With SAEs: unbraid compare a.npy b.npy --dictionary-x sae_a/ --dictionary-y sae_b/ -o run/
    """
    from unbraid import comparison, responses
    from unbraid._config import load_seeded

    comparison.check_free(output, overwrite)
    shown = None if pictures is None else responses.images(pictures)  # before anything is computed
    options, seed = load_seeded(
        comparison.CompareConfig, config, overrides or [], seed, method=method, order=order
    )
    of_x, of_y = file_options({"stimuli": stimuli, "axes": axes, "time": time}, trials)
    files = {"x_train": (x_train, of_x), "y_train": (y_train, of_y)}
    files |= {"x_untrained": (x_untrained, of_x), "y_untrained": (y_untrained, of_y)}
    files |= {"features": (features, {}), "features_train": (features_train, {})}
    loaded: dict[str, Any] = {
        name: read(path, own) for name, (path, own) in files.items() if path is not None
    }
    if dictionary_x or dictionary_y:
        loaded["dictionaries"] = dictionary_x or None, dictionary_y or None
    if groups is not None:
        loaded["groups"] = lines_of(groups, "--groups")
    systems = read(x, of_x), read(y, of_y)
    systems = responses.common(*systems) if common else systems
    called = names or ((x.stem, y.stem) if x.stem != y.stem else (str(x), str(y)))
    with asked_of_a_command():
        result = comparison.compare(
            systems[0], systems[1], options, names=called, rng=seed, progress=True, **loaded
        )
    result = result.with_warnings(_terminal.pending())
    _terminal.warn(map(in_words_of_a_command, result.warnings))
    folder = result.save(output, overwrite=overwrite, pictures=shown)
    finish(folder, result.record(), str(result), as_json)
    if not result.answered:
        raise typer.Exit(_terminal.NO_ANSWER)
