"""HDF5: datasets by name; no link out of the file is followed, claimed sizes are checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats.arrays._chunks import check_stored, check_texts
from unbraid.responses._formats.arrays._packed import without
from unbraid.responses._formats.meaning._entry import Entry
from unbraid.responses._formats.meaning._named import responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

_MOST_DATASETS = 10_000  # more than any file of recordings names; a hostile one ends here
_MOST_STEPS = 50  # from the root to a dataset, links included
_REFERENCES = ("DIMENSION_LIST", "REFERENCE_LIST")


@dataclass
class Contents:
    """What a file holds, by path."""

    entries: dict[str, Entry] = field(default_factory=dict)
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Attributes of each group; the root is ''."""
    links: dict[str, str | None] = field(default_factory=dict)
    """Links that are not followed, and the path within the file that they give, if any."""


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named datasets of an HDF5 file."""
    named: dict[str, Any] = {
        k: v.lstrip("/") if isinstance(v, str) else v for k, v in options.items()
    }
    with open_file(path) as file:
        held = contents(path, file)
        about = _metadata(held.groups.get("", {}))
        return responses_of(path, held.entries, about, Wanted(**named), groups=held.groups)


def open_file(path: Path) -> Any:
    """Open an HDF5 file for reading."""
    check_file(path)
    h5py = need("h5py", "brain", path.suffix)
    with reading(path, "HDF5"):
        return h5py.File(path, "r")


def contents(path: Path, file: Any) -> Contents:
    """Return every dataset and group under its path, each group once, no link followed."""
    h5py = need("h5py", "brain", path.suffix)
    found, seen = Contents(), set()

    def visit(group: Any, prefix: str, depth: int) -> None:
        at = h5py.h5o.get_info(group.id).addr
        if at in seen:  # a group that contains itself
            return
        seen.add(at)
        found.groups[prefix.rstrip("/")] = attributes(group)
        for name in group:
            if len(found.entries) + len(found.links) > _MOST_DATASETS or depth > 20:
                raise InputError(f"{path} holds too many datasets or too deep groups.")
            link, full = group.get(name, getlink=True), f"{prefix}{name}"
            if not isinstance(link, h5py.HardLink):
                to = link.path if isinstance(link, h5py.SoftLink) else None
                inside = to is not None and (to if to.startswith("/") else f"{prefix}{to}")
                found.links[full] = inside.strip("/") if inside else None
                continue
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item, f"{full}/", depth + 1)
            elif isinstance(item, h5py.Dataset):
                found.entries[full] = _entry(path, full, item)

    with reading(path, "HDF5"):
        visit(file, "", 0)
    for name, target in found.links.items():
        if target not in found.entries and target not in found.groups:
            refuse = partial(_refuse_link, path, name)
            found.entries[name] = Entry(np.dtype("O"), (), refuse, opaque="a link")
    return found


def dataset(path: Path, file: Any, name: str) -> Any:
    """Return what stands under a path, following links within the file only; None if nothing."""
    h5py = need("h5py", "brain", path.suffix)
    at, parts = file, [part for part in name.split("/") if part]
    for _ in range(_MOST_STEPS):
        if not parts:
            return at
        part = parts.pop(0)
        link = at.get(part, getlink=True) if isinstance(at, h5py.Group) else None
        if link is None:
            return None
        if isinstance(link, h5py.SoftLink):
            at = file if link.path.startswith("/") else at
            parts = [p for p in link.path.split("/") if p not in ("", ".")] + parts
        elif isinstance(link, h5py.HardLink):
            at = at[part]
        else:
            break
    return _refuse_link(path, name)


def _refuse_link(path: Path, name: str) -> np.ndarray:
    raise InputError(f"{path}: {name} is a link to another file, which is not followed.")


def attributes(item: Any) -> dict[str, Any]:
    """Return the attributes of a dataset or group, and its dimensions' names."""
    held = {name: item.attrs[name] for name in item.attrs if name not in _REFERENCES}
    if hasattr(item, "dims") and any(name in item.attrs for name in ("DIMENSION_LIST",)):
        scales = [next(iter(d.keys()), "") or d.label for d in item.dims]
        held["DIMENSION_LABELS"] = [str(name).rpartition("/")[2] for name in scales]
    return held


def _metadata(root: Mapping[str, Any]) -> dict[str, str]:
    """Return the file's attribute ``made_by``, JSON or plain text."""
    text = root.get("made_by")
    if not isinstance(text, str):
        return {}
    return {"made_by": text if text.lstrip().startswith("{") else json.dumps({"note": text})}


def read_dataset(path: Path, name: str, data: Any) -> np.ndarray:
    """Return a dataset's numbers or strings after checking what it claims; missing ones are NaN."""
    where = f"{path}: {name}"
    check_inside(where, data)
    with reading(path, "HDF5"):
        if data.shape is None:
            raise InputError(f"{where} is empty.")
        check_claim(data.size * data.dtype.itemsize, data.id.get_storage_size(), where)
        if is_text(data.dtype):
            check_texts(where, data, path.stat().st_size)
            return np.asarray(data.asstr()[()], dtype=str)
        if data.dtype.kind == "O":
            raise InputError(f"{where} holds references or objects, expected numbers or text.")
        if (data.dtype.metadata or {}).get("enum"):
            raise InputError(f"{where} holds an enumeration, whose numbers stand for names.")
        check_stored(where, data)
        return _masked(np.asarray(data[()]), data)


def check_inside(where: str, data: Any) -> None:
    """Refuse a dataset whose numbers lie in other files."""
    if data.is_virtual or data.external:
        raise InputError(f"{where} is stored in other files, which are not followed.")


def _masked(values: np.ndarray, data: Any) -> np.ndarray:
    """Return values with NaN where the dataset's own fill value, if it has one, stands."""
    import h5py

    told = data.id.get_create_plist().fill_value_defined() == h5py.h5d.FILL_VALUE_USER_DEFINED
    if not told or values.dtype.kind not in "fiu" or not data.fillvalue:  # 0 is a number too
        return values
    return without(values, values == data.fillvalue)


def is_text(dtype: Any) -> bool:
    """Return whether a dataset holds text of any length."""
    return dtype.kind == "O" and (dtype.metadata or {}).get("vlen") in (str, bytes)


def _entry(path: Path, name: str, data: Any) -> Entry:
    def about() -> dict[str, Any]:
        with reading(path, "HDF5"):
            return attributes(data)

    dtype = np.dtype("U1") if is_text(data.dtype) else data.dtype
    return Entry(dtype, data.shape or (), partial(read_dataset, path, name, data), about)
