"""Zarr's metadata, parsed before the library acts on it: codecs by list, nothing unknown."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import parse_json

METADATA = (".zarray", "zarr.json", ".zmetadata", ".zgroup", ".zattrs")
_MOST_NUMBERS = 2**24  # bytes of one file of metadata
COMPRESSORS = {"blosc", "zlib", "gzip", "zstd", "lz4"}
_FILTERS = {"delta", "fixedscaleoffset", "quantize", "bitround", "shuffle", "vlen-utf8",
            "crc32", "crc32c"}  # fmt: skip
_V3 = {"bytes", "transpose", "blosc", "gzip", "zstd", "crc32c", "sharding_indexed", "vlen-utf8"}
_KEYS_2 = {"zarr_format", "shape", "chunks", "dtype", "compressor", "fill_value", "order",
           "filters", "dimension_separator"}  # fmt: skip
_KEYS_3 = {"zarr_format", "node_type", "shape", "data_type", "chunk_grid", "chunk_key_encoding",
           "codecs", "fill_value", "attributes", "dimension_names", "storage_transformers",
           "consolidated_metadata"}  # fmt: skip


def metadata(path: Path) -> dict[str, Any]:
    """Return the parsed metadata of every array and group, by the path of its file.

    Refuses links, and metadata that is no JSON or too large to be read.
    """
    found = {}
    for name, size, read in files_of(path):
        if name.rpartition("/")[2] not in METADATA:
            continue
        if size > _MOST_NUMBERS:
            raise InputError(f"{path}: {name} has {size} bytes, which is no metadata.")
        parsed = parse_json(read(), f"{path}: {name}")
        if name in found or not isinstance(parsed, dict):
            raise InputError(f"{path}: {name} is damaged (no object, or there twice).")
        found[name] = parsed
    return found


def check_codecs(path: Path, about: Mapping[str, Any]) -> None:
    """Refuse codecs, filters and extensions that are not on the list; nothing was opened yet."""
    for name, said in about.items():
        where = f"{path}: {name}"
        if name.endswith(".zmetadata"):
            inner = said.get("metadata")
            if not isinstance(inner, dict):
                raise InputError(f"{where} is damaged.")
            check_codecs(path, {f"{name}/{k}": v for k, v in inner.items() if isinstance(v, dict)})
        elif name.endswith(".zarray"):
            _check_2(where, said)
        elif name.endswith("zarr.json"):
            _check_3(where, said)


def _check_2(where: str, said: Mapping[str, Any]) -> None:
    _known_keys(where, set(said) - _KEYS_2)
    compressor, filters = said.get("compressor"), said.get("filters") or []
    _allowed(where, [compressor] if compressor is not None else [], "id", COMPRESSORS)
    _allowed(where, filters, "id", _FILTERS)


def _check_3(where: str, said: Mapping[str, Any]) -> None:
    unknown = set(said) - _KEYS_3
    _known_keys(where, {k for k in unknown if not _optional(said[k])})
    if said.get("storage_transformers"):
        raise InputError(f"{where} has storage transformers, which are not read.")
    if "codecs" in said:
        _check_chain(where, said["codecs"], sharded=False)
    inner = (said.get("consolidated_metadata") or {}).get("metadata") or {}
    for name, array in inner.items() if isinstance(inner, dict) else ():
        if isinstance(array, dict):
            _check_3(f"{where}/{name}", array)


def _check_chain(where: str, codecs: Any, *, sharded: bool) -> None:
    _allowed(where, codecs, "name", _V3)
    for codec in codecs:
        if codec["name"] == "sharding_indexed":
            parts = codec.get("configuration")
            if sharded or not isinstance(parts, dict) or len(codecs) > 1:
                raise InputError(f"{where} has shards within codecs, which is not read.")
            _check_chain(where, parts.get("codecs"), sharded=True)
            _check_chain(where, parts.get("index_codecs"), sharded=True)
            names = [c["name"] for c in parts["index_codecs"]]
            if names not in (["bytes"], ["bytes", "crc32c"]):
                raise InputError(f"{where} has an index of shards stored by {', '.join(names)}.")
    if sum(codec["name"] in COMPRESSORS for codec in codecs) > 1:
        raise InputError(f"{where} is compressed twice, which is not read.")


def _allowed(where: str, codecs: Any, key: str, known: set[str]) -> None:
    if not isinstance(codecs, list) or not all(isinstance(codec, dict) for codec in codecs):
        raise InputError(f"{where} has damaged codecs.")
    for codec in codecs:
        name = codec.get(key)
        if name not in known:
            if name == "pickle":
                raise InputError(f"{where} holds pickled objects, which are never opened.")
            raise InputError(
                f"{where} has the codec {str(name)[:40]!r}, which is not read. Save it with one of "
                f"{', '.join(sorted(known))}."
            )


def _known_keys(where: str, unknown: set[str]) -> None:
    if unknown:
        name = str(sorted(map(str, unknown))[0])[:40]
        raise InputError(f"{where} says {name!r}, which is not known and not read.")


def _optional(value: Any) -> bool:
    return isinstance(value, dict) and value.get("must_understand") is False


def files_of(path: Path) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Yield each file of a folder or zip: its path within, its size, and how to read it."""
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_symlink():
                raise InputError(f"{path} holds symbolic links, which are not followed.")
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.stat().st_size, file.read_bytes
        return
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                yield member.filename, member.file_size, partial(_member, path, member)


def _member(path: Path, member: zipfile.ZipInfo) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)
