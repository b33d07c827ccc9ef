"""The command line: each command reads, makes one library call, and writes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional, cast

import typer

from unbraid import _folders, _terminal
from unbraid.errors import InputError

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Separate the features that neural systems braid together, then compare the systems.",
)

Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result is written.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all randomness.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")]
MaybePath = Optional[Path]  # noqa: UP045 - typer reads this form on every version
MaybeInt = Optional[int]  # noqa: UP045
MaybeFloat = Optional[float]  # noqa: UP045
MaybeText = Optional[str]  # noqa: UP045
MaybeTexts = Optional[list[str]]  # noqa: UP045
Set = Annotated[
    MaybeTexts,
    typer.Option("--set", metavar="KEY=VALUE", help="Override an option; may be repeated."),
]
Method = Annotated[
    str, typer.Option(help="How to learn the dictionary, e.g. auto or 'TopK(k=32, expansion=4)'.")
]


def main() -> None:
    """Run the command line."""
    _terminal.run(app, "unbraid")


@app.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    if version:
        import unbraid

        typer.echo(unbraid.__version__)
        raise typer.Exit


@app.command()
def demo(output: Output = Path("unbraid-demo"), seed: Seed = 0, as_json: Json = False) -> None:
    """Real handwriting, two real networks, a real comparison; offline, in about two minutes."""
    from unbraid import comparison
    from unbraid._progress import progress
    from unbraid.studies.demo import Demo, run

    comparison.check_free(output, overwrite=True, kind="demo")
    with progress() as tell:
        result = run(Demo(seed=seed), tell)
    _terminal.warn([*result.comparison.warnings, *result.hopeless.warnings])
    _finish(result.save(output, overwrite=True), result.record(), str(result), as_json)


@app.command()
def compare(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses of the first system.")],
    y: Annotated[Path, typer.Argument(metavar="Y", help="Responses of the second system.")],
    *,
    output: Output,
    x_train: Annotated[MaybePath, typer.Option(help="X to other stimuli, to learn from.")] = None,
    y_train: Annotated[MaybePath, typer.Option(help="Y to other stimuli, to learn from.")] = None,
    features: Annotated[MaybePath, typer.Option(help="True features, where known.")] = None,
    features_train: Annotated[MaybePath, typer.Option(help="Those of other stimuli.")] = None,
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
    """
    from unbraid import comparison, responses

    comparison.check_free(output, overwrite)
    given = {"method": method, "order": order}
    chosen = [f"{name}={value!r}" for name, value in given.items() if value is not None]
    options, seed = comparison.read_config(config, [*chosen, *(overrides or [])], seed)
    files = {"x_train": x_train, "y_train": y_train}
    files |= {"features": features, "features_train": features_train}
    loaded = {
        name: responses.load_plainly(path) for name, path in files.items() if path is not None
    }
    systems = responses.load_plainly(x), responses.load_plainly(y)
    systems = responses.common(*systems) if common else systems
    names = (x.stem, y.stem) if x.stem != y.stem else (str(x), str(y))
    result = comparison.compare(*systems, options, names=names, rng=seed, progress=True, **loaded)
    result = result.with_warnings(_terminal.pending())
    _terminal.warn(result.warnings)
    _finish(result.save(output, overwrite=overwrite), result.record(), str(result), as_json)
    if not result.answered:
        raise typer.Exit(_terminal.NO_ANSWER)


@app.command()
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
    _finish(output, shapes, "\n".join(lines), as_json)


@app.command()
def fit(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to learn from.")],
    output: Output,
    method: Method = "auto",
    overrides: Set = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Learn a dictionary of X: unbraid fit x.npy -o d/. An earlier one is replaced."""
    from unbraid import responses, sparse
    from unbraid.sparse.formats.native import check_free

    check_free(output)
    choice = sparse.parse_method(method).with_options(overrides or [])
    learned = sparse.fit(responses.load_plainly(x), choice, rng=seed, progress=not as_json)
    learned.save(output)
    _finish(output, learned.evidence.to_dict(), repr(learned), as_json)


@app.command()
def encode(
    dictionary: Annotated[
        Path, typer.Argument(metavar="DICTIONARY", help="Folder of a learned dictionary.")
    ],
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to encode.")],
    output: Output,
    by: Annotated[
        MaybeText, typer.Option(help="encoder, omp, fista or posterior; default: as learned.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Infer the sparse codes of X: unbraid encode d/ x.npy -o codes.npz."""
    from unbraid import responses, sparse

    responses.check_codes_file(output)
    learned = sparse.Dictionary.load(dictionary)
    _terminal.warn(learned.evidence.warnings)
    values = responses.load_plainly(x)
    codes = learned.encode(values, by=cast(Any, by))
    responses.save(codes, output)
    summary = {"n": codes.shape[0], "n_latents": codes.shape[1], "l0": codes.l0, "gap": codes.gap}
    _finish(output, summary, repr(codes), as_json)


@app.command()
def study(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of a study, or list.")],
    *,
    output: Annotated[
        MaybePath,
        typer.Option("--output", "-o", help="Default: runs/study-NAME; of list: runs."),
    ] = None,
    fast: Annotated[bool, typer.Option("--fast", help="A reduced version, in seconds.")] = False,
    data: Annotated[
        MaybePath,
        typer.Option(help="Folder of real data; default: UNBRAID_DATA."),
    ] = None,
    networks: Annotated[
        MaybePath,
        typer.Option(help="Folder of networks' weights; default: UNBRAID_NETWORKS."),
    ] = None,
    overrides: Set = None,
    overwrite: Overwrite = False,
    as_json: Json = False,
) -> None:
    """Reproduce a result of the papers: one study, one page."""
    from unbraid import comparison, studies
    from unbraid._progress import progress

    if name == "list":
        _list_studies(output or Path("runs"), as_json)
        return
    folder = output or Path("runs") / f"study-{name}"
    places = {"data": data, "networks": networks}
    options = [f"{key}={str(path)!r}" for key, path in places.items() if path is not None]
    options += [*(["fast=true"] if fast else []), *(overrides or [])]
    choice = studies.choose(name).with_options(options)
    comparison.check_free(folder, overwrite, f"study {choice.name}")
    with progress() as tell:
        result = studies.run(choice, tell)
    studies.save(result, folder, overwrite=overwrite)
    _finish(folder, result.record(), repr(result), as_json)


def _list_studies(folder: Path, as_json: bool) -> None:
    """Print every study's question, and which of its claims held in the runs of a folder."""
    from unbraid import studies

    runs = studies.found_runs(folder, studies.STUDIES)
    rows, lines = [], []
    for name, kind in studies.STUDIES.items():
        own = [run for run in runs if run.study == name]
        rows.append({"name": name, "question": kind.question, "runs": [vars(run) for run in own]})
        lines += [f"{name:16} {kind.question}", *(f"{'':16}   {run}" for run in own)]
    _terminal.show(rows, "\n".join(lines), as_json)


@app.command()
def bound(
    units: Annotated[int, typer.Option(min=1, help="Number of units M.")],
    active: Annotated[float, typer.Option(min=0, help="Features active at once, K.")],
    as_json: Json = False,
) -> None:
    """How many features M = K ln(N/K) allows: unbraid bound --units 512 --active 20."""
    from unbraid import theory

    if active > units:
        told = f"{active:g} features active at a time cannot be told apart in {units} units"
        raise InputError(f"{told}; --active is at most --units.")
    features = theory.features_possible(n_units=units, active=active)
    line = f"{units} units can hold up to {features:.4g} features, {active:g} active at a time."
    _terminal.show({"units": units, "active": active, "features": features}, line, as_json)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Versions, devices, memory; what is broken and how to mend it."""
    from unbraid.doctor import examine

    findings = examine()
    lines = [
        f"{'ok ' if f.ok else 'BAD'}  {f.name:26} {f.found}" + ("" if f.ok else f"  -> {f.mend}")
        for f in findings
    ]
    _terminal.show([vars(finding) for finding in findings], "\n".join(lines), as_json)
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


def _finish(path: Path, record: Any, line: str, as_json: bool) -> None:
    report = path / "report.html"
    where = report if report.is_file() else path
    _terminal.show(record, f"{line}\n{where}", as_json)


if __name__ == "__main__":
    main()
