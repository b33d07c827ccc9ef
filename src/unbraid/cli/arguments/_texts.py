"""Ids, groups and labels in a file of their own: the lines of a .txt, or a column of a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid.errors import InputError

_TABLES = (".csv", ".tsv")
_IDS = (
    "stimulus", "stimuli", "stimulus_id", "image", "image_id", "image_name", "image_file",
    "filename", "file", "id", "name",
)  # fmt: skip


def names_texts(value: Any) -> bool:
    """Return whether an option names a file of texts, not an array of another file."""
    file = str(value).partition("::")[0]
    return Path(file).suffix.lower() in (".txt", *_TABLES)


def texts_of(path: Path, option: str) -> list[str]:
    """Return a text for each line of a .txt, or for each row of ``TABLE.csv::COLUMN``."""
    file, _, column = str(path).partition("::")
    if Path(file).suffix.lower() in _TABLES:
        return _column(Path(file), column, option)
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{option} {path} could not be read: {_reason(error)}.") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if any(not line.strip() for line in lines):
        raise InputError(f"{option} {path} must name one per line, got an empty line.")
    return [line.strip() for line in lines]


def _column(path: Path, column: str, option: str) -> list[str]:
    import pandas  # heavy: not at import

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        table = pandas.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{option} {path} could not be read: {_reason(error)}.") from None
    held = list(map(str, table.columns))
    known = [name for name in _IDS if name in held] if option == "--stimuli" else []
    column = column or next(iter(known if len(held) > 1 else held), "")
    if column not in held:
        what = f"has no column {column!r}" if column else "has several columns"
        raise InputError(f"{option} {path} {what}; it has {', '.join(held)}: say {path}::COLUMN.")
    texts = table[column].str.strip().tolist()
    if not all(texts):
        raise InputError(
            f"{option} {path}::{column} must name one per row, got an empty cell in row "
            f"{texts.index('') + 1}."
        )
    return texts


def groups_of(path: Path, of_x: Mapping[str, Any], x: Any) -> list[str]:
    """Return the group of each stimulus of x; of a table with a row per trial, its stimulus' own.

    ``of_x`` are the options that x is read with.
    """
    groups = texts_of(path, "--groups")
    ids = of_x.get("stimuli")
    if len(groups) == len(x) or not of_x.get("trials") or not names_texts(ids):
        return groups
    shown = texts_of(Path(str(ids)), "--stimuli")
    if len(shown) != len(groups):
        return groups
    found: dict[str, str] = {}
    for name, group in zip(shown, groups, strict=True):
        if found.setdefault(name, group) != group:
            raise InputError(
                f"--groups {path}: trials of the stimulus {name!r} stand in groups "
                f"{found[name]!r} and {group!r}; a group holds all trials of its stimuli."
            )
    return [found[name] for name in x.stimuli]


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or (
        "it is no text" if isinstance(error, UnicodeDecodeError) else str(error).split("\n")[0]
    )
