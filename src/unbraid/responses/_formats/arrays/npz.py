"""NumPy's .npz: a zip of .npy files, opened without unpickling and without trusting sizes."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from unbraid._folders import replacing
from unbraid.errors import InputError
from unbraid.responses._files import check_file, check_memory
from unbraid.responses._formats.arrays import npy
from unbraid.responses._formats.meaning._entry import Entry
from unbraid.responses._formats.meaning._named import responses_of
from unbraid.responses._formats.meaning._wanted import Wanted
from unbraid.responses.labelled._responses import Responses

DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    NotImplementedError,
    RuntimeError,  # an encrypted member
    OverflowError,
    IndexError,
)
_BOMB_BYTES, _BOMB_RATIO = 256 * 2**20, 500  # real responses never shrink 500-fold
_STEP = 2**20  # bytes inflated at a time, counted before the next


def read(path: Path, **options: Any) -> Responses:
    """Read responses from the named arrays of a .npz file (also SciPy's CSR)."""
    with _entries(path) as (entries, others):
        wanted = Wanted(**options)
        return responses_of(path, entries, wanted=wanted, sparse="csr", unread=others)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read every array of a .npz file."""
    with _entries(path) as (entries, _):
        return {name: entry.read() for name, entry in entries.items()}


@contextmanager
def _entries(path: Path) -> Iterator[tuple[dict[str, Entry], list[str]]]:
    """Yield the arrays of a .npz file, unread, and its other members; damage is one line."""
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = [m.filename for m in members]
            if len(set(names)) < len(names):
                raise InputError(f"{path} holds two members of one name; it is damaged.")
            arrays = [m for m in members if m.filename.endswith(".npy")]
            others = [name for name in names if not name.endswith(".npy")]
            yield {m.filename[:-4]: _entry(path, archive, m) for m in arrays}, others
    except InputError:
        raise
    except DAMAGE as error:
        raise InputError(f"{path} is not a whole .npz file ({_reason(error)}).") from None


def write(responses: Responses, path: Path) -> None:
    """Write values, ids, units, repeats and provenance as named arrays, uncompressed."""
    arrays: dict[str, Any] = {}
    if responses.is_sparse:
        csr = responses.values
        arrays |= {"data": csr.data, "indices": csr.indices, "indptr": csr.indptr}
        arrays |= {"shape": np.array(csr.shape), "format": np.array(b"csr")}
    else:
        arrays["values"] = responses.values
    for name in ("stimuli", "units", "repeats"):
        if getattr(responses, name) is not None:
            arrays[name] = getattr(responses, name)
    if responses.made_by:
        arrays["made_by"] = np.array(json.dumps(responses.made_by))
    # as savez, which before NumPy 2.1 took allow_pickle for the name of an array
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as stream:
                np.lib.format.write_array(stream, np.asarray(array), allow_pickle=False)


def _entry(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Entry:
    where = f"{path} ({member.filename})"
    with archive.open(member) as stream:
        header = npy.read_header(stream, where)  # type: ignore[arg-type]
    return Entry(header.dtype, header.shape, partial(_numbers, where, archive, member))


def _numbers(where: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Inflate one member into exactly the bytes its own header declares."""
    with archive.open(member) as stream:
        header = npy.read_header(stream, where)  # type: ignore[arg-type]
        npy.check_plain(header, where)
        room = member.file_size - stream.tell()
        if header.n_bytes != room:
            raise InputError(
                f"{where} must hold {header.n_bytes} bytes of numbers for shape {header.shape} "
                f"{header.dtype}, got {room}. The file is damaged."
            )
        if header.n_bytes > max(_BOMB_BYTES, _BOMB_RATIO * member.compress_size):
            raise InputError(
                f"{where} would inflate from {member.compress_size} to {header.n_bytes} bytes, "
                "which looks like a zip bomb. Save it uncompressed if it is genuine."
            )
        check_memory(header.n_bytes, where)
        buffer = bytearray()
        while len(buffer) < header.n_bytes:
            block = stream.read(min(_STEP, header.n_bytes - len(buffer)))
            if not block:
                raise InputError(f"{where} is truncated.")
            buffer += block
        stream.read(1)  # reaching the end checks the checksum
    numbers = np.frombuffer(buffer, header.dtype)
    return numbers.reshape(header.shape, order=header.order)  # type: ignore[call-overload]


def _reason(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
