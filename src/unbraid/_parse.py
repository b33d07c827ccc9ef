"""A choice written as in Python, ``TopK(k=32)``, read without running anything."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from typing import Any

from unbraid._config import Config, shown
from unbraid.errors import InputError


def parse_choice(text: str, kinds: Mapping[str, type[Config]]) -> Config:
    """Read ``Name`` or ``Name(option=value, ...)`` as one of ``kinds``.

    Names may be written in any case. Values are literals, or choices themselves.

    Raises
    ------
    InputError
        An unknown name or option; anything that is not a literal.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(
            f"A choice is written Name(option=value, ...), got {shown(text)}."
        ) from None
    return _choice(tree, text, kinds)


def choice_of(data: Mapping[str, Any], kinds: Mapping[str, type[Config]]) -> Config:
    """Rebuild a choice from what ``Config.describe`` gave: its name and its options."""
    options = {
        key: choice_of(value, kinds) if isinstance(value, Mapping) and "name" in value else value
        for key, value in data.items()
        if key != "name"
    }
    return _kind(str(data.get("name", "")), kinds)(**options)


def _choice(tree: ast.expr, text: str, kinds: Mapping[str, type[Config]]) -> Config:
    if isinstance(tree, ast.Name):
        return _kind(tree.id, kinds)()
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name) and not tree.args:
        kind = _kind(tree.func.id, kinds)
        names = [str(keyword.arg) for keyword in tree.keywords]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise InputError(f"Option {shown(twice)} is given twice; which one counts?")
        if all(keyword.arg for keyword in tree.keywords):
            return kind(**{str(k.arg): _value(k.value, text, kinds) for k in tree.keywords})
    raise InputError(f"A choice is written Name(option=value, ...), got {shown(text)}.")


def _kind(name: str, kinds: Mapping[str, type[Config]]) -> type[Config]:
    by_lower = {known.lower(): known for known in kinds}
    if name.lower() in by_lower:
        return kinds[by_lower[name.lower()]]
    close = difflib.get_close_matches(name.lower(), by_lower, n=1)
    hint = f"; did you mean {by_lower[close[0]]!r}?" if close else "."
    raise InputError(f"Unknown choice {shown(name)}, expected one of {', '.join(kinds)}{hint}")


def _value(tree: ast.expr, text: str, kinds: Mapping[str, type[Config]]) -> Any:
    if isinstance(tree, ast.Call) or (isinstance(tree, ast.Name) and tree.id.lower() in
                                      {known.lower() for known in kinds}):  # fmt: skip
        return _choice(tree, text, kinds)
    try:
        return ast.literal_eval(tree)
    except (ValueError, TypeError, RecursionError, MemoryError):
        part = ast.get_source_segment(text.strip(), tree) or text
        raise InputError(
            f"An option's value must be a number, string, list or choice, got {shown(part)} in "
            f"{shown(text)}."
        ) from None
