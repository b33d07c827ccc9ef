"""Docstrings of classes, completed from the strings below their fields."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

C = TypeVar("C", bound=type)
Entry = tuple[str, str, str]  # name, type, what it says
_SECTION = re.compile(r"^(\w[\w ]*)\n-{3,}$", flags=re.M)
_BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}


def documented_answer(kind: C) -> C:
    """Complete the docstring of a dataclass that is read: by ``Attributes``, its fields' strings.

    A docstring that has such a section stays as it is. The source is read when somebody asks for
    the docstring, so that no import waits for it.
    """
    return _when_read(kind, "Attributes", lambda: list(_of_dataclass(kind, defaults=False)))


def documented_choice(kind: C) -> C:
    """Complete the docstring of a dataclass that users make: by ``Parameters``, in the same way."""
    return _when_read(kind, "Parameters", lambda: list(_of_dataclass(kind, defaults=True)))


def documented_options(kind: Any) -> None:
    """Complete the docstring of a configuration by its options, from their descriptions."""
    own = vars(kind).get("__doc__")
    if isinstance(own, str):
        kind.__doc__ = _completed(inspect.cleandoc(own), "Parameters", lambda: _of_options(kind))


class _Docstring:
    """A class's own docstring and the section of its fields, put together when it is read."""

    def __init__(self, own: str, heading: str, fields: Callable[[], Iterable[Entry]]) -> None:
        self.parts = inspect.cleandoc(own), heading, fields
        self.whole = ""

    def __get__(self, instance: object, owner: type) -> str:
        self.whole = self.whole or _completed(*self.parts)
        return self.whole


def _when_read(kind: C, heading: str, fields: Callable[[], Iterable[Entry]]) -> C:
    own = vars(kind).get("__doc__")
    if isinstance(own, str):  # not where Python leaves docstrings out
        kind.__doc__ = _Docstring(own, heading, fields)  # type: ignore[assignment]
    return kind


def _completed(own: str, heading: str, fields: Callable[[], Iterable[Entry]]) -> str:
    """Put a section of fields before the other sections of a docstring."""
    sections = {found[1]: found.start() for found in _SECTION.finditer(own)}
    lines = [heading, "-" * len(heading)]
    for name, kind, said in [] if heading in sections else fields():
        lines += [f"{name} : {kind}", textwrap.indent(said, "    ")]
    if not lines[2:]:
        return own
    at = min(sections.values(), default=len(own))
    return "\n\n".join(filter(None, [own[:at].strip(), "\n".join(lines), own[at:]]))


def _of_dataclass(kind: Any, *, defaults: bool) -> Iterator[Entry]:
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    except (OSError, TypeError):  # no source here
        return
    said = _strings(tree)
    for field in dataclasses.fields(kind):
        if field.name in said and field.init:
            written = str(field.type).replace("np.ndarray", "array").replace("np.", "")
            parts = written.split(" | ") if "[" not in written else [written]
            required = (field.default, field.default_factory) == (dataclasses.MISSING,) * 2
            typed = _typed(parts, defaults and not required, field.default)
            yield field.name, typed, said[field.name]


def _strings(tree: Any) -> dict[str, str]:
    """Return the string below each field of a class."""
    return {
        field.target.id: _sentence(str(below.value.value))
        for field, below in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def _of_options(kind: Any) -> Iterator[Entry]:
    for name, field in kind.model_fields.items():
        if field.description:
            parts = _parts(Annotated[field.annotation, *field.metadata, None])
            typed = _typed(parts, not field.is_required(), field.get_default())
            yield name, typed, _sentence(field.description)


def _typed(parts: list[str], has_default: bool, default: Any) -> str:
    """Return how numpydoc writes a type and a default."""
    kinds = " or ".join(part for part in parts if part != "None" or not has_default)
    if not has_default:
        return kinds
    shown = isinstance(default, bool | int | float | str) and default == default
    return f"{kinds}, default {default!r}" if shown else f"{kinds}, optional"


def _parts(kind: Any) -> list[str]:
    """Return the kinds of value that an option takes, in words."""
    if get_origin(kind) is Annotated:
        inner, *metadata = get_args(kind)
        return [part + _bounds(metadata) * (part != "None") for part in _parts(inner)]
    if get_origin(kind) is Literal:
        return ["{" + ", ".join(repr(one) for one in get_args(kind)) + "}"]
    if kind is NoneType:
        return ["None"]
    if get_origin(kind) in (tuple, list, dict):
        inner = ", ".join("..." if k is ... else " or ".join(_parts(k)) for k in get_args(kind))
        return [f"{get_origin(kind).__name__}[{inner}]"]
    if get_args(kind):
        return [part for one in get_args(kind) for part in _parts(one)]
    return [getattr(kind, "__name__", str(kind))]


def _bounds(metadata: list[Any]) -> str:
    found = {name: getattr(one, name) for one in metadata for name in _BOUNDS if hasattr(one, name)}
    words = [f"{words} {found[name]:g}" for name, words in _BOUNDS.items() if name in found]
    return ", " * bool(words) + " and ".join(words)


def _sentence(text: str) -> str:
    """Return a field's string as a sentence."""
    text = inspect.cleandoc(text)
    return text if text.endswith((".", "?", ":")) else f"{text}."
