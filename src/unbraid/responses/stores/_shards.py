"""Shards of a store: their names, hashes, values and stimulus ids."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._formats.arrays import npy, safetensors
from unbraid.responses.labelled._ids import ids_of_bytes


def shard_path(folder: Path, number: int) -> Path:
    """Return the file of one shard."""
    return folder / f"shard-{number:05d}.safetensors"


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def open_shard(folder: Path, number: int, shape: tuple[int, int], dtype: np.dtype) -> np.ndarray:
    """Return the values of one shard as a memory map; refuse other sizes than the manifest's."""
    path = shard_path(folder, number)
    tensors, _ = safetensors.read_header(path)
    held = tensors.get("values")
    if held is None or held.shape != shape or held.dtype != dtype:
        raise InputError(f"{path} must hold values {shape} {dtype}, as the manifest says.")
    mapped = npy.mapped(path, dtype, held.start, shape)
    return mapped.view(np.ndarray)  # the subclass makes every small read slower


def ids_in_shards(folder: Path, n_shards: int, n: int) -> np.ndarray | None:
    """Return the stimulus ids of all shards; None where one has none."""
    parts = []
    for number in range(n_shards):
        path = shard_path(folder, number)
        tensors, _ = safetensors.read_header(path)
        if "stimuli" not in tensors:
            return None
        parts.append(ids_of_bytes(safetensors.numbers(path, tensors["stimuli"]), str(path)))
    ids = np.concatenate(parts)
    if len(ids) != n:
        raise InputError(f"{folder} must hold {n} stimulus ids, got {len(ids)}.")
    return ids
