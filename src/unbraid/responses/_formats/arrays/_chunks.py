"""Chunks of HDF5 before the library opens them: known filters, nothing missing, no bombs."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_memory
from unbraid.responses._formats._foreign import check_claim

DEFLATE_RATIO = 1032  # deflate cannot shrink more
FREE = 256 * 2**20  # bytes that any chunk may inflate to
_LZF_RATIO = 88  # LZF cannot shrink more: 264 bytes by three
_LARGE, _LARGER = 64 * 2**20, 4  # bytes of a chunk that need no reason; times the array's own
# Numbers of filters, as registered for HDF5
_DEFLATE, _SHUFFLE, _FLETCHER, _SCALE_OFFSET, _LZF = 1, 2, 3, 6, 32000
_FILTERS = {_DEFLATE, _SHUFFLE, _FLETCHER, _SCALE_OFFSET, _LZF}
_STEP = 2**20  # bytes inflated at a time, counted before the next


def check_stored(where: str, data: Any) -> None:
    """Refuse a dataset with unknown filters, chunks never written, or chunks that are bombs."""
    if not data.size:
        return
    filters = filters_of(where, data)
    if data.chunks is None:
        if data.id.get_offset() is None and not data.id.get_storage_size():
            raise InputError(f"{where} was never written: it would read as {data.fillvalue}.")
        return
    chunk = math.prod(data.chunks) * data.dtype.itemsize
    check_chunk(chunk, data.size * data.dtype.itemsize, where)
    check_claim(chunk, data.id.get_storage_size(), f"{where}: one chunk")
    expected = math.prod(
        -(-side // step) for side, step in zip(data.shape, data.chunks, strict=True)
    )
    found = data.id.get_num_chunks()
    if found < expected:
        raise InputError(
            f"{where}: {expected - found} of {expected} chunks were never written and would read "
            f"as {data.fillvalue}: the file is half written. Write them, or select what is there."
        )
    large: list[tuple[int, ...]] = []

    def look(info: Any) -> None:
        if info.size * (DEFLATE_RATIO if _DEFLATE in filters else _LZF_RATIO) > FREE:
            large.append(tuple(info.chunk_offset))

    if _DEFLATE in filters or _LZF in filters:
        data.id.chunk_iter(look)
    for offset in large:
        _, stored = data.id.read_direct_chunk(offset)
        if _DEFLATE in filters:
            inflated(stored, chunk, where, keep=False)
        else:
            check_memory(_LZF_RATIO * len(stored), where)


def check_chunk(chunk: int, whole: int, where: str) -> None:
    """Refuse chunks far larger than their array: each would be allocated as a whole."""
    if chunk > max(_LARGE, _LARGER * whole):
        raise InputError(f"{where}: one chunk claims {chunk} bytes, the whole array has {whole}.")


def filters_of(where: str, data: Any) -> list[int]:
    """Return the codes of a dataset's filters, in order of writing; all are known ones."""
    listed = data.id.get_create_plist()
    found = [listed.get_filter(i) for i in range(listed.get_nfilters())]
    codes = [int(f[0]) for f in found]
    for code, _, parameters, name in found:
        if code not in _FILTERS:
            shown = name.decode("latin1")[:40] if isinstance(name, bytes) else str(name)
            raise InputError(
                f"{where} is stored with the filter {shown or code!r} ({code}), which is not read. "
                "Save it with gzip, lzf or none."
            )
        if code == _SCALE_OFFSET and (
            len(parameters) < 3 or parameters[2] != math.prod(data.chunks)
        ):
            raise InputError(
                f"{where}: its filter claims another number of values than its chunks."
            )
    if sum(code in (_DEFLATE, _LZF) for code in codes) > 1:
        raise InputError(f"{where} is compressed twice, which is not read.")
    return codes


def inflated(stored: bytes, most: int, where: str, *, keep: bool = True) -> bytes:
    """Return (or only count) what deflated bytes inflate to, refusing more than ``most``."""
    inflate, left, kept, total = zlib.decompressobj(47), stored, bytearray(), 0  # gzip or zlib
    while not inflate.eof:
        try:
            piece = inflate.decompress(left, _STEP)
        except zlib.error as error:
            raise InputError(f"{where} is damaged ({error}).") from None
        left = inflate.unconsumed_tail
        total += len(piece)
        if total > most:
            raise InputError(f"{where}: {len(stored)} bytes inflate to more than the {most} of a "
                             "chunk; the file is damaged or hostile.")  # fmt: skip
        if not piece and not left:
            raise InputError(f"{where} is truncated.")
        if keep:
            kept += piece
    return bytes(kept)


def check_texts(where: str, data: Any, size: int) -> None:
    """Refuse texts that claim more bytes than the file has: HDF5 would allocate each."""
    if not data.size or data.shape == ():
        return
    for records in _records(where, data):
        longest = int(np.ascontiguousarray(records[:, :4]).view("<u4").max(initial=0))
        if longest > size:
            raise InputError(f"{where} claims a text of {longest} bytes, the file has {size}.")


def _records(where: str, data: Any) -> Any:
    """Yield the stored records of texts, (n, width) bytes: length, then where the text stands."""
    width = 8 + int(data.file.id.get_create_plist().get_sizes()[0])  # length, place, number
    if data.chunks is None:
        at, n_bytes = data.id.get_offset(), data.id.get_storage_size()
        if at is None:
            return
        with open(data.file.filename, "rb") as stream:  # noqa: PTH123
            stream.seek(at)
            yield _rows(stream.read(n_bytes), n_bytes // data.size)
        return
    filters, chunk = filters_of(where, data), math.prod(data.chunks)
    if _LZF in filters or _SCALE_OFFSET in filters:
        raise InputError(f"{where}: text must be stored with gzip or without a filter.")
    offsets: list[tuple[int, ...]] = []
    data.id.chunk_iter(lambda info: offsets.append(tuple(info.chunk_offset)))
    for offset in offsets:
        mask, stored = data.id.read_direct_chunk(offset)
        applied = [code for i, code in enumerate(filters) if not mask & 1 << i]
        for code in reversed(applied):
            if code == _FLETCHER:
                stored = stored[:-4]
            elif code == _DEFLATE:
                stored = inflated(stored, chunk * width, where)
            else:
                stored = np.frombuffer(stored, np.uint8).reshape(width, -1).T.tobytes()
        yield _rows(stored, width)


def _rows(stored: bytes, width: int) -> np.ndarray:
    width = max(width, 4)
    return np.frombuffer(stored[: len(stored) // width * width], np.uint8).reshape(-1, width)
