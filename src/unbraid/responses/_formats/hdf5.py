"""HDF5: datasets by name; nothing outside the file is followed, nothing claimed is allocated."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file
from unbraid.responses._formats._foreign import check_claim, need, reading
from unbraid.responses._formats._named import Entry, Wanted, responses_of, with_last_names
from unbraid.responses._responses import Responses

_MOST_DATASETS = 10_000


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named datasets of an HDF5 file."""
    named: dict[str, Any] = {
        k: v.lstrip("/") if isinstance(v, str) else v for k, v in options.items()
    }
    with open_file(path) as file:
        return responses_of(path, entries_of(path, file), _metadata(path, file), Wanted(**named))


def open_file(path: Path) -> Any:
    """Open an HDF5 file for reading."""
    check_file(path)
    h5py = need("h5py", "brain", path.suffix)
    with reading(path, "HDF5"):
        return h5py.File(path, "r")


def entries_of(path: Path, file: Any) -> dict[str, Entry]:
    """Return every dataset under its path, and under its last name if that is unique."""
    h5py = need("h5py", "brain", path.suffix)
    found: dict[str, Any] = {}

    def visit(group: Any, prefix: str, depth: int) -> None:
        for name in group:
            if len(found) > _MOST_DATASETS or depth > 20:
                raise InputError(f"{path} holds too many datasets or too deep groups.")
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                continue  # a link may leave the file
            item = group[name]
            if isinstance(item, h5py.Group):
                visit(item, f"{prefix}{name}/", depth + 1)
            elif isinstance(item, h5py.Dataset):
                found[prefix + name] = item

    with reading(path, "HDF5"):
        visit(file, "", 0)
        entries = {name: _entry(path, name, data) for name, data in found.items()}
    return with_last_names(entries)


def _metadata(path: Path, file: Any) -> dict[str, str]:
    """Return the file's attribute ``made_by``, JSON or plain text."""
    with reading(path, "HDF5"):
        text = file.attrs.get("made_by")
    if not isinstance(text, str):
        return {}
    return {"made_by": text if text.lstrip().startswith("{") else json.dumps({"note": text})}


def read_dataset(path: Path, name: str, data: Any) -> np.ndarray:
    """Return a dataset's numbers or strings after checking what it claims."""
    where = f"{path}: {name}"
    if data.is_virtual or data.external:
        raise InputError(f"{where} is stored in other files, which are not followed.")
    with reading(path, "HDF5"):
        if data.shape is None:
            raise InputError(f"{where} is empty.")
        claimed = int(np.prod([int(side) for side in data.shape], dtype=object)) or 0
        check_claim(claimed * data.dtype.itemsize, data.id.get_storage_size(), where)
        if is_text(data.dtype):
            check_texts(path, name, data)
            return np.asarray(data.asstr()[()], dtype=str)
        if data.dtype.kind == "O":
            raise InputError(f"{where} holds references or objects, expected numbers or text.")
        return np.asarray(data[()])


def check_texts(path: Path, name: str, data: Any) -> None:
    """Refuse texts that claim more bytes than the file has: HDF5 would make room for each."""
    at, count = data.id.get_offset(), data.size or 0
    width = data.id.get_storage_size() // count if count else 0
    if at is None or width < 4:  # in chunks, or never written
        return
    with path.open("rb") as stream:
        stream.seek(at)
        records = stream.read(width * count)
    rows = np.frombuffer(records[: len(records) // width * width], np.uint8).reshape(-1, width)
    longest = int(np.ascontiguousarray(rows[:, :4]).view("<u4").max(initial=0))
    size = path.stat().st_size
    if longest > size:
        raise InputError(f"{path}: {name} claims a text of {longest} bytes, the file has {size}.")


def is_text(dtype: Any) -> bool:
    """Return whether a dataset holds text of any length."""
    return dtype.kind == "O" and (dtype.metadata or {}).get("vlen") in (str, bytes)


def _entry(path: Path, name: str, data: Any) -> Entry:
    dtype = np.dtype("U1") if is_text(data.dtype) else data.dtype
    return Entry(dtype, data.shape or (), partial(read_dataset, path, name, data))
