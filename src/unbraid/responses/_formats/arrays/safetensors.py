"""Safetensors: a JSON header checked against the file, then memory-mapped numbers."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid._folders import replacing
from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory, check_shape, parse_json
from unbraid.responses._formats.arrays.npy import MAP_FROM, mapped
from unbraid.responses._formats.meaning._entry import Entry
from unbraid.responses._formats.meaning._named import responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

_LONGEST_TENSOR_HEADER = 100_000_000  # the format's own limit
_DTYPES = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "BF16": "<u2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "|i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "|u1",
    "BOOL": "|b1",
}
_CODES = {np.dtype(code): name for name, code in _DTYPES.items() if name != "BF16"}


@dataclass(frozen=True)
class Tensor:
    """Where one tensor stands in the file."""

    code: str
    shape: tuple[int, ...]
    start: int

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers as they are handed out."""
        return np.dtype(np.float32) if self.code == "BF16" else np.dtype(_DTYPES[self.code])

    @property
    def n_bytes(self) -> int:
        """Bytes that it takes in the file."""
        return math.prod(self.shape) * np.dtype(_DTYPES[self.code]).itemsize


def read(path: Path, **options: Any) -> Responses:
    """Read responses from named tensors; string ids and provenance stand in the metadata."""
    tensors, metadata = read_header(path)
    entries = {
        name: Entry(tensor.dtype, tensor.shape, partial(numbers, path, tensor))
        for name, tensor in tensors.items()
    }
    return responses_of(path, entries, metadata, Wanted(**options), sparse="csr")


def write(responses: Responses, path: Path) -> None:
    """Write values (or CSR parts) and repeats as tensors, ids and provenance as metadata."""
    arrays: dict[str, np.ndarray] = {}
    if responses.is_sparse:
        csr = responses.values
        arrays |= {"data": csr.data, "indices": csr.indices, "indptr": csr.indptr}
        arrays["shape"] = np.array(csr.shape, dtype=np.int64)
    else:
        arrays["values"] = responses.values
    if responses.repeats is not None:
        arrays["repeats"] = responses.repeats
    metadata = {}
    for name in ("stimuli", "units"):
        if getattr(responses, name) is not None:
            metadata[name] = json.dumps(getattr(responses, name).tolist())
    if responses.made_by:
        metadata["made_by"] = json.dumps(responses.made_by)
    with replacing(path) as temporary:
        write_tensors(temporary, arrays, metadata)


def write_tensors(path: Path, arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> str:
    """Write arrays in the safetensors layout (numbers aligned); return the file's sha256."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    plain = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    start = 0
    # the widest numbers first, so that every tensor is aligned
    for name in sorted(plain, key=lambda name: (-plain[name].itemsize, name)):
        array = plain[name]
        dtype = array.dtype.newbyteorder("<")
        stop = start + array.nbytes
        offsets = [start, stop]
        header[name] = {"dtype": _CODES[dtype], "shape": list(array.shape), "data_offsets": offsets}
        start = stop
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    digest = hashlib.sha256()
    with path.open("wb") as stream:
        _put(len(text).to_bytes(8, "little") + text, stream, digest)
        for name in header:
            if name != "__metadata__":
                array = plain[name].astype(plain[name].dtype.newbyteorder("<"), copy=False)
                _put(array.reshape(-1).view(np.uint8).data, stream, digest)
    return digest.hexdigest()


def _put(block: Any, stream: Any, digest: Any) -> None:
    stream.write(block)
    digest.update(block)


def read_header(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return tensors and metadata of a file, every size checked against the file's own."""
    size = check_file(path)
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        if size < 10 or length > min(size - 8, _LONGEST_TENSOR_HEADER):
            raise InputError(
                f"{path} is not a whole .safetensors file: its header claims {length} bytes, the "
                f"file has {size}."
            )
        header = parse_json(stream.read(length), f"{path}: its safetensors header")
    if not isinstance(header, dict):
        raise InputError(f"{path}: its safetensors header must be a JSON object.")
    metadata = header.pop("__metadata__", {})
    strings = isinstance(metadata, dict) and all(isinstance(v, str) for v in metadata.values())
    if not strings:
        raise InputError(f"{path}: __metadata__ must map names to strings.")
    room = size - 8 - length
    tensors = {name: _tensor(path, name, header[name], 8 + length, room) for name in header}
    _check_whole(path, tensors, 8 + length, size)
    return tensors, metadata


def _check_whole(path: Path, tensors: Mapping[str, Tensor], begin: int, end: int) -> None:
    """Refuse tensors that share bytes, and bytes that belong to none, as the format does."""
    at, last = begin, "the header"
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].n_bytes)):
        if tensor.start != at:
            fault = "share bytes" if tensor.start < at else "have bytes between them"
            raise InputError(f"{path} is damaged: {last!r} and {name!r} {fault}.")
        at, last = at + tensor.n_bytes, name
    if at != end:
        raise InputError(f"{path} is damaged: {end - at} bytes after {last!r} belong to no tensor.")


def numbers(path: Path, tensor: Tensor) -> np.ndarray:
    """Return one tensor: mapped if large, bfloat16 widened to float32."""
    stored = np.dtype(_DTYPES[tensor.code])
    count = math.prod(tensor.shape)
    if count * stored.itemsize >= MAP_FROM:
        flat = mapped(path, stored, tensor.start, (count,))
    else:
        with path.open("rb") as stream:
            stream.seek(tensor.start)
            flat = np.frombuffer(bytearray(stream.read(count * stored.itemsize)), stored)
    if tensor.code == "BF16":
        check_memory(8 * count, str(path))
        flat = (flat.astype(np.uint32) << 16).view(np.float32)
    return flat.reshape(tensor.shape)


def _tensor(path: Path, name: str, entry: Any, data: int, room: int) -> Tensor:
    try:
        code, shape, (start, stop) = entry["dtype"], entry["shape"], entry["data_offsets"]
        whole = all(type(v) is int and 0 <= v < 2**63 for v in (*shape, start, stop))
        if not (whole and isinstance(shape, list) and isinstance(code, str)):
            raise ValueError
    except (TypeError, KeyError, ValueError):
        raise InputError(f"{path}: the header's entry for {name!r} is damaged.") from None
    if code not in _DTYPES:
        raise InputError(f"{path}: {name!r} has dtype {code}, which is not one of {list(_DTYPES)}.")
    if set(entry) != {"dtype", "shape", "data_offsets"}:
        raise InputError(f"{path}: the header's entry for {name!r} says more than is known of it.")
    n_bytes = math.prod(shape) * np.dtype(_DTYPES[code]).itemsize
    check_shape(shape, np.dtype(_DTYPES[code]).itemsize, f"{path}: {name!r}")
    if stop - start != n_bytes or stop > room:
        raise InputError(
            f"{path} is truncated or damaged: {name!r} of shape {tuple(shape)} {code} needs "
            f"{n_bytes} bytes at {start}..{stop}, the file has {room}."
        )
    return Tensor(code, tuple(shape), data + start)
