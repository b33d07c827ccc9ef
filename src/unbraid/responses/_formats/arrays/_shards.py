"""Chunks of a zarr array before the library opens them: none missing, none a bomb."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import check_shape
from unbraid.responses._formats._foreign import check_claim, need
from unbraid.responses._formats.arrays._chunks import DEFLATE_RATIO, FREE, check_chunk, inflated
from unbraid.responses._formats.arrays._codecs import COMPRESSORS, METADATA, files_of

_OVERHEAD = 2**16  # bytes that a stored chunk may exceed its numbers by
_ABSENT = 2**64 - 1  # offset of a chunk that a shard does not hold


@dataclass(frozen=True)
class ChunkLayout:
    """How one array is stored."""

    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    """Sides of one file."""
    inner: tuple[int, ...]
    """Sides of one compressed piece: the same, or a shard's chunk."""
    compressors: tuple[str, ...]
    text: bool
    checked: bool = False
    """Whether a shard's index ends in a checksum."""
    at_start: bool = False
    """Whether a shard begins with its index."""


def layout_of(where: str, said: Mapping[str, Any], itemsize: int) -> ChunkLayout:
    """Return how an array is stored, its codecs being known; every size can be had."""
    chunks, inner = said.get("chunks"), None
    index: Mapping[str, Any] = {}
    if chunks is not None:
        parts = [said.get("compressor") or {}, *(said.get("filters") or [])]
        names = [part.get("id") for part in parts]
    else:
        grid = said.get("chunk_grid")
        settings = grid.get("configuration") if isinstance(grid, dict) else None
        if not isinstance(settings, dict) or (grid or {}).get("name") != "regular":
            raise InputError(f"{where} has chunks of another grid than 'regular'.")
        chunks, codecs = settings.get("chunk_shape"), said["codecs"]
        if codecs and codecs[0]["name"] == "sharding_indexed":
            index = codecs[0]["configuration"]
            inner, codecs = index.get("chunk_shape"), index["codecs"]
        names = [codec["name"] for codec in codecs]
    sides: list[Any] = [said.get("shape"), chunks, chunks if inner is None else inner]
    if not all(map(_whole, sides)) or len({len(s) for s in sides}) > 1 or 0 in sides[1] + sides[2]:
        raise InputError(f"{where} has a damaged shape or shape of chunks.")
    check_shape(sides[1], itemsize, where)
    return ChunkLayout(
        tuple(sides[0]),
        tuple(sides[1]),
        tuple(sides[2]),
        tuple(name for name in names if name in COMPRESSORS),
        text="vlen-utf8" in names,
        checked=len(index.get("index_codecs", ())) > 1,
        at_start=index.get("index_location") == "start",
    )


def _whole(sides: Any) -> bool:
    return isinstance(sides, list) and all(type(s) is int and 0 <= s < 2**63 for s in sides)


def check_chunks(path: Path, name: str, layout: ChunkLayout, itemsize: int) -> None:
    """Refuse chunks that are missing, or that inflate to more than a chunk of the array holds."""
    where, prefix = f"{path}: {name or 'its array'}", f"{name}/" if name else ""
    stored = [
        (file, size, read)
        for file, size, read in files_of(path)
        if file.startswith(prefix)
        and (last := file.rpartition("/")[2]) not in METADATA
        and not last.startswith(".")
    ]
    whole = math.prod(layout.chunks) * itemsize
    check_chunk(whole, math.prod(layout.shape) * itemsize, where)
    check_claim(whole, sum(size for _, size, _ in stored), f"{where}: one chunk")
    _check_count(where, layout.shape, layout.chunks, len(stored))
    most = max(whole, FREE) if layout.text else whole
    sharded, pieces = layout.inner != layout.chunks, 0
    for file, size, read in stored:
        if size > most + most // 8 + _OVERHEAD:
            raise InputError(f"{where}: {file} has {size} bytes for a chunk of {most}.")
        if sharded:
            for piece in _pieces(f"{path}: {file}", read(), layout):
                pieces += 1
                _check_piece(f"{path}: {file}", layout, len(piece), lambda p=piece: p, itemsize)  # type: ignore[misc]
        else:
            _check_piece(f"{path}: {file}", layout, size, read, itemsize)
    if sharded:
        _check_count(where, layout.shape, layout.inner, pieces)


def _check_count(where: str, shape: tuple[int, ...], chunks: tuple[int, ...], found: int) -> None:
    expected = math.prod(-(-side // step) for side, step in zip(shape, chunks, strict=True))
    if found < expected:
        raise InputError(
            f"{where}: {expected - found} of {expected} chunks are missing and would read as its "
            "fill value: it is half written, or was written without empty chunks "
            "(write_empty_chunks=True keeps them)."
        )


def _pieces(where: str, shard: bytes, layout: ChunkLayout) -> Iterator[bytes]:
    """Yield the chunks in a shard, by its index."""
    count = math.prod(
        -(-side // step) for side, step in zip(layout.chunks, layout.inner, strict=True)
    )
    length = 16 * count + (4 if layout.checked else 0)
    if length > len(shard):
        raise InputError(f"{where} is a truncated shard.")
    begin = 0 if layout.at_start else len(shard) - length
    index = np.frombuffer(shard[begin : begin + 16 * count], "<u8").reshape(-1, 2)
    for offset, n_bytes in index.tolist():
        if offset != _ABSENT:
            if offset + n_bytes > len(shard):
                raise InputError(f"{where} is a damaged shard.")
            yield shard[offset : offset + n_bytes]


def _check_piece(
    where: str, layout: ChunkLayout, size: int, read: Callable[[], bytes], itemsize: int
) -> None:
    """Refuse one compressed piece that inflates to more than its chunk, or to too many texts."""
    count = math.prod(layout.inner)
    most = max(count * itemsize, FREE) if layout.text else count * itemsize
    for name in layout.compressors:
        if name in ("zlib", "gzip"):
            if size * DEFLATE_RATIO > FREE:
                inflated(read(), most, where, keep=False)
            continue
        told = {"blosc": _blosc, "lz4": _lz4, "zstd": _zstd}[name](read())
        if told > most + _OVERHEAD:
            raise InputError(
                f"{where}: {size} bytes would inflate to {told}, more than the {most} of a chunk; "
                "the file is damaged or hostile."
            )

    if layout.text and _texts(layout.compressors, read()) > count:
        raise InputError(f"{where} claims more texts than the {count} of a chunk.")


def _texts(compressors: tuple[str, ...], content: bytes) -> int:
    """Return how many texts a chunk claims: the library would allocate each."""
    for name in compressors:
        if name in ("zlib", "gzip"):
            content = zlib.decompressobj(47).decompress(content, 4)
        else:
            content = need("numcodecs", "brain", ".zarr").get_codec({"id": name}).decode(content)
    return int.from_bytes(bytes(content[:4]), "little")


def _blosc(content: bytes) -> int:
    return int.from_bytes(content[4:8], "little")


def _lz4(content: bytes) -> int:
    return int.from_bytes(content[:4], "little")


def _zstd(content: bytes) -> int:
    """Return the bytes that a zstd frame says, or at most can, inflate to."""
    if len(content) < 6 or content[:4] != b"\x28\xb5\x2f\xfd":
        return 0  # refused by the library
    flags = content[4]
    single, told = bool(flags & 0x20), flags >> 6
    at = 5 + (0 if single else 1) + (0, 1, 2, 4)[flags & 3]
    width = (1 if single else 0, 2, 4, 8)[told]
    if width:
        return int.from_bytes(content[at : at + width], "little") + (256 if width == 2 else 0)
    total, last = 0, False
    while not last and at + 3 <= len(content):  # no size is given: blocks hold at most 128 KiB
        block = int.from_bytes(content[at : at + 3], "little")
        last, kind, length = bool(block & 1), block >> 1 & 3, block >> 3
        total += length if kind < 2 else 2**17
        at += 3 + (1 if kind == 1 else length)
    return total
