"""Options that several commands take, in the same words, and how each of them ends."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from unbraid import _terminal

Output = Annotated[Path, typer.Option("--output", "-o", help="Where the result is written.")]
Seed = Annotated[int, typer.Option(min=0, help="Seed of all randomness.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an earlier result.")]
MaybePath = Optional[Path]  # noqa: UP045 - typer reads this form on every version
MaybePaths = Optional[list[Path]]  # noqa: UP045
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

# None: as --config says, else the default of the command
MaybeMethod = Annotated[MaybeText, typer.Option(help="E.g. 'TopK(k=32)'; default: auto.")]
MaybeSeed = Annotated[MaybeInt, typer.Option(min=0, help="Default: --config's, else 0.")]
Order = Annotated[MaybeText, typer.Option(help="Stimuli: auto, exchangeable or time.")]
Device = Annotated[
    MaybeText, typer.Option(help="Where torch computes, e.g. cuda; default: the processor.")
]
Stimuli = Annotated[
    MaybeTexts,
    typer.Option(help="Ids: an array in the file, a .txt, or t.csv::column; repeat: of each."),
]
Axes = Annotated[MaybeTexts, typer.Option(help="E.g. 'units stimuli'; once for all, or for each.")]
Time = Annotated[MaybeTexts, typer.Option(help="Time bins: mean or units.")]
Select = Annotated[
    MaybeTexts,
    typer.Option(metavar="NAME=VALUE", help="Part of a file by coordinate: layer=V4."),
]
Load = Annotated[
    MaybeTexts,
    typer.Option(metavar="KEY=VALUE", help="What the file's format takes: 'window=[0, 0.5]'."),
]
Pictures = Annotated[MaybePath, typer.Option(help="Folder or zip of the stimuli, matched by id.")]
Tokens = Annotated[
    MaybePath, typer.Option(help="JSON: tokens of each text, where rows are TEXT@NUMBER.")
]
Groups = Annotated[
    MaybePath,
    typer.Option(help="Group of each stimulus of X: lines of a .txt, or t.csv::column."),
]
Trials = Annotated[bool, typer.Option("--trials", help="Rows with the same id are repeats.")]
Config = Annotated[
    MaybePath, typer.Option(help="YAML: any of these options, or a run's config.json.")
]


def finish(path: Path, record: Any, line: str, as_json: bool) -> None:
    """Print what was found, and where it lies."""
    report = path / "report.html"
    where = report if report.is_file() else path
    _terminal.show(record, f"{line}\n{where}", as_json)
