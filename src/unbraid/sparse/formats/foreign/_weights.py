"""Weights files of other libraries, read without running what they hold or trusting its sizes."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats.arrays import npy, safetensors, torch_file
from unbraid.responses._formats.arrays.npz import DAMAGE

RESAVE = "torch.save(model.state_dict(), 'weights.pt')"


def read_safetensors(path: Path) -> dict[str, Any]:
    """Return every tensor of a safetensors file, bfloat16 widened to float32.

    ``path`` may be the index of a file in several parts. Settings in the header are values.
    """
    if path.suffix == ".json":
        return _in_parts(path)
    header, metadata = safetensors.read_header(path)
    values = {name: value for name, value in metadata.items() if name != "format"}
    return values | {name: safetensors.numbers(path, tensor) for name, tensor in header.items()}


def _in_parts(index: Path) -> dict[str, Any]:
    try:
        places = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        parts = {str(name): str(part) for name, part in places.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"{index} must hold weight_map, the file of each tensor.") from None
    whole: dict[str, Any] = {}
    for part in sorted(set(parts.values())):
        if Path(part).name != part or not (index.parent / part).is_file():
            raise InputError(f"{index} names {part!r}, which is no file beside it.")
        whole |= read_safetensors(index.parent / part)
    if whole.keys() != parts.keys():
        lost = sorted(whole.keys() ^ parts.keys())
        raise InputError(f"{index} and its files do not hold the same tensors: {lost[:4]}.")
    return whole


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """Return every array of a .npz file; each must hold exactly the bytes its header declares."""
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = [m for m in archive.infolist() if m.filename.endswith(".npy")]
            return {m.filename[:-4]: _member(path, archive, m) for m in members}
    except InputError:
        raise
    except DAMAGE as error:
        text = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{path} is not a whole .npz file ({text}).") from None


def read_torch(path: Path, start: int = 0) -> dict[str, Any]:
    """Return the dict that ``torch.save`` wrote from byte ``start`` on, tensors as arrays."""
    content = torch_file.read_plain(path, start, RESAVE)
    if not isinstance(content, dict):
        raise InputError(f"{path} must hold a dict of tensors, got {type(content).__name__}.")
    return content


def _member(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    where = f"{path} ({member.filename})"
    with archive.open(member) as stream:
        header = npy.read_header(stream, where)  # type: ignore[arg-type]
        npy.check_plain(header, where)
        room = member.file_size - stream.tell()
        if header.n_bytes != room:
            raise InputError(
                f"{where} must hold {header.n_bytes} bytes of numbers for shape {header.shape} "
                f"{header.dtype}, got {room}; the file is damaged."
            )
        if header.n_bytes > 2**28 + 100 * member.compress_size:
            raise InputError(
                f"{where} would inflate from {member.compress_size} to {header.n_bytes} bytes; "
                "if it is genuine, save it again with np.savez."
            )
        check_memory(header.n_bytes, where)
        numbers = np.frombuffer(stream.read(), header.dtype)
    return numbers.reshape(header.shape, order=header.order)  # type: ignore[call-overload]
