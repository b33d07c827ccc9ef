"""Which array of a file is the responses: named, called ``values``, or the only one it can be."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._formats.arrays._sparse import parts_of, sparse_parents
from unbraid.responses._formats.meaning._entry import Entry, last_of, parent_of

_NUMBERS = "fiub"


@dataclass(frozen=True)
class Chosen:
    """The array, or the group of a sparse matrix, that is meant."""

    name: str
    parts: tuple[str, ...]
    """Paths of the arrays that it is read from."""
    sparse: Mapping[str, Entry] | None
    """Arrays of its group by last name, if it is sparse."""
    others: tuple[str, ...]
    """Paths of what else could have been meant."""

    @property
    def group(self) -> str:
        """Path of the group that it stands in."""
        return self.name if self.sparse is not None else parent_of(self.name)


def choose(
    path: Path,
    entries: Mapping[str, Entry],
    groups: Mapping[str, Mapping[str, Any]],
    wanted: str | None,
    axes: str | None,
    known: Collection[str],
) -> Chosen:
    """Return the array that is meant; refuse where another could be meant, and ask which.

    An array is a candidate if two of its sides exceed 1, whatever its rank (with ``axes``: of that
    rank), or if it holds what is not read (structures, objects, records, links): that could be
    the responses too. ``known`` are names of ids and the like.
    """
    sparse = sparse_parents(entries, groups)
    parts = {
        f"{parent}/{part}" if parent else part: parent
        for parent, members in sparse.items()
        for part in parts_of(members)
    }
    dense = [n for n, e in entries.items() if n not in parts and _could_be(n, e, known)]
    candidates = (*dense, *[f"{parent}/" for parent in sparse])

    def found(name: str) -> Chosen:
        others = tuple(c for c in candidates if c.rstrip("/") != name)
        if name in entries:
            return Chosen(name, (name,), None, others)
        mine = tuple(part for part, parent in parts.items() if parent == name)
        return Chosen(name, mine, sparse[name], others)

    if wanted is not None:
        name = resolve(entries, wanted)
        name = wanted if name is None and wanted in sparse else name
        if name is None:
            raise InputError(f"{path} has no array {wanted!r}; it holds {held(entries)}.")
        return found(name)
    called = [n for n in entries if last_of(n) == "values" and n not in parts]
    if "values" in called or (len(called) == 1 and len(entries[called[0]].shape) > 1):
        return found("values" if "values" in called else called[0])
    fits = candidates
    if axes is not None:  # the caller's own word on its rank
        rank = len(str(axes).split())
        fits = tuple(n for n in dense if len(entries[n].shape) == rank and _read(entries[n]))
    if not candidates:
        columns = [
            n for n, e in entries.items() if e.size > 1 and _read(e) and last_of(n) not in known
        ]
        fits = tuple(n for n in columns if len(entries[n].shape) == 2 and entries[n].shape[1] == 1)
        fits = fits if len(columns) == 1 else ()  # one unit, and nothing else
    if len(fits) == 1:
        return found(fits[0].rstrip("/"))
    raise InputError(
        f"{path} must hold an array named 'values' or exactly one numeric matrix (n_stimuli, "
        f"n_units), it holds {held(entries)}. Say which: load(path, values=NAME)."
    )


def _could_be(name: str, entry: Entry, known: Collection[str]) -> bool:
    ids = last_of(name) in known
    if entry.opaque:
        return True
    if entry.dtype.kind in "SUT" or (ids and (entry.dtype.kind == "O" or entry.dtype == "u1")):
        return False
    if entry.dtype.kind in (*_NUMBERS, "c"):
        return sum(side > 1 for side in entry.shape) > 1 and last_of(name) != "repeats"
    return not ids and entry.size > 1


def _read(entry: Entry) -> bool:
    return entry.dtype.kind in _NUMBERS


def resolve(entries: Mapping[str, Entry], name: str | None) -> str | None:
    """Return the path of the array that a path, or a last name that is unique, means."""
    if name is None or name in entries:
        return name
    same = [full for full in entries if last_of(full) == name]
    return same[0] if len(same) == 1 else None


def held(entries: Mapping[str, Entry]) -> str:
    """Return the first arrays of a file, with shape and type, on one line."""
    shown = [
        f"{_plain(n)} " + (f"({e.opaque})" if e.opaque else f"{e.shape} {e.dtype}")
        for n, e in list(entries.items())[:8]
    ]
    return ", ".join(shown) or "nothing"


def _plain(name: str) -> str:
    """Return a damaged file's name for an array on one line of decent length."""
    return "".join(c if c.isprintable() else "?" for c in name[:60])
