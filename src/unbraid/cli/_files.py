"""Files as a command takes them: one array of many, its axes and ids; messages in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from unbraid.cli._readers import reader_options
from unbraid.cli._settings import FILE_OPTIONS, selection
from unbraid.errors import InputError

_OPTIONS = ("x_train", "y_train", "x_untrained", "y_untrained", "features_train")


def file_options(
    asked: Mapping[str, Any], paths: Sequence[Path], beside: Mapping[str, Path | None] | None = None
) -> list[dict[str, Any]]:
    """Return what each file is read with: an option once for all of them, or once for each.

    ``beside``: files that other options name (``--features``). Those that are given follow in the
    list; an option is theirs where it is given for each of the files, and then once more.
    """
    more = {option: path for option, path in (beside or {}).items() if path is not None}
    found = reader_options(asked["load"] or [], paths, more)
    for name in (option for option in FILE_OPTIONS if option != "load"):
        values = asked[name]
        if not values:
            continue
        values = values if isinstance(values, list) else [values]
        if len(values) not in (1, len(paths), len(found)):
            raise InputError(
                f"--{name} is given {_how_often(len(paths), list(more))}, got {len(values)}."
            )
        each = values if len(values) > 1 else values * len(paths)
        for own, value in zip(found, each, strict=False):
            own[name] = selection(value) if name == "select" else value
    return found


def _how_often(files: int, more: Sequence[str]) -> str:
    each = {1: "once", 2: "once for both, or once for each"}.get(
        files, f"once for all, or once for each of the {files} files"
    )
    return each + (f", then once for {' and '.join(more)}" if more else "")


def read(path: Path, options: Mapping[str, Any]) -> Any:
    """Return the responses of ``FILE`` or ``FILE::NAME``; ids may stand in a text file."""
    from unbraid import responses

    own = dict(options)
    ids = Path(own["stimuli"]) if "stimuli" in own else None
    if ids is not None and ids.suffix == ".txt":
        own.pop("stimuli")
        found = responses.load_plainly(path, **own)
        names = lines_of(ids, "--stimuli")
        if len(names) != len(found):
            raise InputError(
                f"--stimuli {ids} has {len(names)} lines, and {path} {len(found)} rows."
            )
        return replace(found, stimuli=names)
    return responses.load_plainly(path, **own)


def lines_of(path: Path, option: str) -> list[str]:
    """Return the lines of a text file, one for each stimulus."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise InputError(f"{option} {path} could not be read: {reason}.") from None
    while lines and not lines[-1].strip():
        lines.pop()
    if any(not line.strip() for line in lines):
        raise InputError(f"{option} {path} must name one per line, got an empty line.")
    return [line.strip() for line in lines]


@contextmanager
def asked_of_a_command() -> Iterator[None]:
    """Let errors name the options of the command line, where Python's were named."""
    try:
        yield
    except InputError as error:
        raise InputError(in_words_of_a_command(str(error))) from None


def in_words_of_a_command(text: str) -> str:
    """Return a message with ``x_train`` as ``--x-train``, ``train_share`` as ``--set ...``."""
    for name in _OPTIONS:
        text = re.sub(rf"(?<![\w.-]){name}\b(?!=)", f"--{name.replace('_', '-')}", text)
    text = re.sub(r"\btrain_share\b(?!=)", "--set train_share=SHARE", text)
    text = re.sub(r"\bdictionaries must", "--dictionary-x and --dictionary-y must", text)
    text = re.sub(r"\bThe dictionary of ([xy])\b", r"--dictionary-\1", text)
    return re.sub(r"(leave out \S.*?) or dictionaries\b", r"\1 or --dictionary-x and -y", text)
