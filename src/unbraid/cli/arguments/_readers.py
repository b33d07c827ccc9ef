"""`--load KEY=VALUE`: options of `unbraid.load` that the files of one format have."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unbraid.cli.arguments._settings import FILE_OPTIONS
from unbraid.errors import InputError

_NUMBERS = re.compile(r"-?[\d.]+(\s*,\s*-?[\d.]+)+")


def reader_options(
    given: Sequence[str], paths: Sequence[Path], beside: Mapping[str, Path]
) -> list[dict[str, Any]]:
    """Return the options of each file's reader, of ``paths`` and then of those ``beside``.

    A key that is given once is for all ``paths`` whose format has it; given more often, for each of
    these, and then for each beside them that has it.
    """
    asked: dict[str, list[Any]] = {}
    for text in given:
        name, value = _parsed(text)
        asked.setdefault(name, []).append(value)
    every = [*paths, *beside.values()]
    found: list[dict[str, Any]] = [{} for _ in every]
    known = _known(every) if asked else []
    for name, values in asked.items():
        having = [at for at, names in enumerate(known) if name in names]
        first = [at for at in having if at < len(paths)]
        if not having:
            listed = "; ".join(
                f"{path} has {', '.join(n for n in names if n not in FILE_OPTIONS) or 'none'}"
                for path, names in zip(every, known, strict=True)
            )
            raise InputError(f"--load {name}=... is no option of these files: {listed}.")
        if len(values) not in (1, len(first), len(having)):
            raise InputError(
                f"--load {name}=... is given once, or once for each of the {len(having)} files "
                f"that have it, got {len(values)}."
            )
        each = values if len(values) > 1 or not first else values * len(first)
        for at, value in zip(having, each, strict=False):
            found[at][name] = value
    return found


def _known(paths: Sequence[Path]) -> list[list[str]]:
    from unbraid import responses  # heavy: not at import

    return [responses.options_of(path) for path in paths]


def _parsed(text: str) -> tuple[str, Any]:
    from unbraid._config import parse_value

    name, equals, value = text.partition("=")
    name = name.strip()
    if not equals or not name or not value.strip():
        raise InputError(f"--load must be KEY=VALUE, such as 'window=[0, 0.5]', got {text!r}.")
    if name in FILE_OPTIONS:
        raise InputError(f"--load {name}=... is --{name} here.")
    if _NUMBERS.fullmatch(value.strip()):  # 0,0.5 without brackets
        value = f"[{value}]"
    return name, parse_value(value.strip(), f"--load {name}")
