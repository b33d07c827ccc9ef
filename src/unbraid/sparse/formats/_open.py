"""Every saved dictionary, ours or another library's, opened as a given class."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from unbraid import _folders
from unbraid._asking import explained
from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.sparse.formats import hub, native
from unbraid.sparse.formats._config_file import own_fields
from unbraid.sparse.formats.foreign import (
    dictionary_learning,
    gemma_scope,
    generic,
    openai,
    overcomplete,
    saelens,
    saev,
    sparsify,
)
from unbraid.sparse.formats.foreign._assemble import Parts, assemble
from unbraid.sparse.formats.foreign._recognise import recognise
from unbraid.sparse.formats.foreign.checkpoint._source import Source, StatedByCaller

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

D = TypeVar("D", bound="Dictionary")
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")  # owner and name
READERS: dict[str, Callable[[Source], Parts]] = {
    "saelens": saelens.read,
    "sparsify": sparsify.read,
    "dictionary_learning": dictionary_learning.read,
    "overcomplete": overcomplete.read,
    "saev": saev.read,
    "openai": openai.read,
    "gemma_scope": gemma_scope.read,
    "generic": generic.read,
}


def open_saved(kind: type[D], folder: Path) -> D:
    """Read a dictionary's folder of any library; one line asks for what it lacks."""
    return _folders.steadily(folder, lambda: _open_saved(kind, folder))


def open_foreign(
    kind: type[D],
    path: str | Path,
    format: str | None = None,
    *,
    scale: float | None = None,
    ignore: Iterable[str] = (),
    **given: Any,
) -> D:
    """Read another library's checkpoint; see ``load_foreign`` for the options."""
    if format is not None and format not in READERS:
        raise InputError(f"There is no format {format!r}; {nearest(format, READERS)}")
    if scale is not None and not 0 < scale < float("inf"):
        raise InputError(f"scale must be a positive number, got {scale!r}.")
    names = frozenset([ignore] if isinstance(ignore, str) else _names(ignore))
    source = recognise(as_path(path), format, StatedByCaller(**given, scale=scale, ignore=names))
    if source.library == "saelens" and own_fields(source.weights.parent) is not None:
        source.says_all()
        return open_saved(kind, source.weights.parent)
    parts = READERS[source.library](source)
    parts = replace(parts, method=parts.method.with_unread(source.unread(), source.layer()))
    return assemble(kind, parts if scale is None else parts.scaled(scale))


def open_pretrained(
    kind: type[D],
    name: str | Path,
    *,
    subfolder: str | None = None,
    revision: str | None = None,
    token: str | None = None,
    cache_folder: str | Path | None = None,
    offline: bool = False,
    **options: Any,
) -> D:
    """Read from the hub or from a folder; see ``from_pretrained`` for the options."""
    place = hub.located(
        name,
        subfolder=subfolder,
        revision=revision,
        token=token,
        cache_folder=cache_folder,
        offline=offline,
    )
    return open_foreign(kind, place, **options)


def nearest(name: Any, table: dict[str, Any]) -> str:
    """Return the end of a message about a name that a table does not have."""
    close = difflib.get_close_matches(str(name).lower(), table, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(table)}."


def _open_saved(kind: type[D], folder: Path) -> D:
    if not folder.exists():
        raise _missing(folder)
    if own_fields(folder) is not None:
        return native.load(kind, folder)

    def where(option: str) -> str:
        call = f"unbraid.load_foreign({str(folder)!r}, {option}=...)"
        return f"Such options are given in Python: {call}; its save(folder) keeps what they say."

    with explained(["format", *(field.name for field in fields(StatedByCaller))], where):
        return open_foreign(kind, folder)


def _missing(folder: Path) -> InputError:
    """Return the error for a dictionary that is not there, with what may have been meant."""
    name, hint = str(folder), "give the folder of a saved dictionary."
    if "," in name:
        hint = "several dictionaries are given one by one: repeat the option, or give a list."
    elif _REPOSITORY.fullmatch(name) and not folder.parent.exists():
        hint = (
            "if it is a repository of the Hugging Face hub, save it as a folder first, in Python: "
            f"unbraid.sparse.from_pretrained({name!r}).save('sae/')."
        )
    return InputError(f"{name} does not exist; {hint}")


def _names(ignore: Any) -> list[str]:
    """Return names of what to ignore, refusing anything else."""
    names = list(ignore) if isinstance(ignore, Iterable) else [ignore]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"ignore must be names of tensors, settings or files, got {ignore!r}.")
    return names
