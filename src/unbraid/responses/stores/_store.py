"""Responses on disk, read by memory map: a folder of safetensors shards and a manifest."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file, check_memory, parse_json
from unbraid.responses._said import Said
from unbraid.responses.labelled._responses import Responses
from unbraid.responses.stores._shards import ids_in_shards, open_shard, sha256, shard_path

MANIFEST = "manifest.json"
FORMAT, VERSION = "unbraid-responses", 1
_KEYS = ("format", "version", "shape", "dtype", "units", "made_by", "shards")
_BLOCK = 256  # rows that are read together


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class Store:
    """Responses in a folder: any rows in any order, without reading the rest.

    Open one with ``open_store(path)``; write one with ``StoreWriter`` or ``record_to``.
    """

    path: Path
    """Its folder."""
    shape: tuple[int, int]
    """Stimuli and units."""
    dtype: np.dtype
    """Type of the numbers on disk (rows are handed out in it)."""
    units: np.ndarray | None
    """(p,) ids of the units; None where there are none."""
    made_by: dict[str, Any]
    """What made the values: plain JSON data."""
    shards: tuple[np.ndarray, ...] = field(repr=False)
    """Memory maps, one per shard, rows in order."""
    hashes: tuple[str, ...] = field(repr=False)
    """SHA-256 of each shard, as its manifest says."""

    def __len__(self) -> int:
        return self.shape[0]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process opens it: by its path, the rows stay on disk."""
        return open_store, (self.path.absolute(),)

    def __repr__(self) -> str:
        n, p = self.shape
        return f"Store({n} stimuli x {p} units, {self.dtype}, {len(self.shards)} shards)"

    @cached_property
    def stimuli(self) -> np.ndarray | None:
        """Stimulus ids, read when they are first used."""
        return ids_in_shards(self.path, len(self.shards), len(self))

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.cumsum([0] + [len(shard) for shard in self.shards])

    def rows(self, index: Any) -> np.ndarray:
        """Return the rows of these numbers, in this order, in the store's own number type.

        Parameters
        ----------
        index : array of whole numbers of shape (n,)
            Row numbers; a number may occur several times.

        Returns
        -------
        array of shape (n, p)
            A copy of the rows, in the order of ``index``.

        Raises
        ------
        InputError
            A number outside 0..n-1.
        """
        index = np.asarray(index, dtype=np.int64)
        if len(index) and not (index.min() >= 0 and index.max() < len(self)):
            raise InputError(f"rows must lie in 0..{len(self) - 1} of {self.path}.")
        if len(self.shards) == 1:
            return self.shards[0].take(index, axis=0)
        out = np.empty((len(index), self.shape[1]), self.dtype)
        shard = np.searchsorted(self._starts, index, side="right") - 1
        order = np.argsort(shard, kind="stable")
        edges = np.searchsorted(shard[order], np.arange(len(self.shards) + 1))
        for s in np.unique(shard):
            here = order[edges[s] : edges[s + 1]]
            out[here] = self.shards[s].take(index[here] - self._starts[s], axis=0)
        return out

    def blocks(self, rows: int = 8192) -> Iterator[np.ndarray]:
        """Yield all rows in order, at most ``rows`` at once.

        Parameters
        ----------
        rows : int
            Rows of a block at most.

        Yields
        ------
        array of shape (b, p)
            The next rows.
        """
        for shard in self.shards:
            for start in range(0, len(shard), rows):
                yield np.array(shard[start : start + rows])

    def batches(
        self, size: int, rng: int | np.random.Generator | None, *, pool: int = 65_536
    ) -> Iterator[np.ndarray]:
        """Yield every row once, in batches of ``size`` (the last may be smaller), block-shuffled.

        Blocks of 256 neighbouring rows are drawn in random order into a pool of about ``pool``
        rows; the pool is shuffled and cut into batches. Memory is that of the pool; the disk is
        read in runs. The order depends on ``rng``, ``size`` and ``pool`` alone.

        Parameters
        ----------
        size : int
            Rows of a batch.
        rng : int, Generator or None
            Seed of the order.
        pool : int
            Rows that are shuffled together.

        Yields
        ------
        array of shape (b, p)
            The rows of a batch.
        """
        rng = _validate.as_rng(rng)
        n_blocks = math.ceil(len(self) / _BLOCK)
        blocks = rng.permutation(n_blocks)
        a_pool = max(1, max(pool, size) // _BLOCK)
        left = np.empty(0, np.int64)
        for first in range(0, n_blocks, a_pool):
            starts = blocks[first : first + a_pool, None] * _BLOCK
            fresh = (starts + np.arange(_BLOCK)).ravel()
            index = np.concatenate([left, rng.permutation(fresh[fresh < len(self)])])
            last = first + a_pool >= n_blocks
            stop = len(index) if last else len(index) // size * size
            for start in range(0, stop, size):
                yield self.rows(index[start : start + size])
            left = index[stop:]

    def read(self, rows: Any = None) -> Responses:
        """Return everything, or some rows, in memory as Responses with their ids.

        Parameters
        ----------
        rows : array of whole numbers of shape (n,), optional
            Row numbers, each once, in the order wanted; by default all (mapped if one shard of
            float32 or 64).

        Returns
        -------
        Responses
            Float16 is widened to float32.

        Raises
        ------
        InputError
            A number outside 0..n-1, or twice; more memory needed than is free.
        """
        if rows is not None:
            index = np.asarray(rows, dtype=np.int64)
            check_memory(4 * len(index) * self.shape[1], f"{len(index)} rows of {self.path}")
            values = self.rows(index)
            names = None if self.stimuli is None else self.stimuli[index]
            values = values.astype(np.float32) if self.dtype.itemsize < 4 else values
            return Responses(values, stimuli=names, units=self.units, made_by=self.made_by)
        if len(self.shards) == 1 and self.dtype.itemsize >= 4:
            values = self.shards[0]
        else:
            wide = np.dtype(np.float32) if self.dtype.itemsize < 4 else self.dtype
            check_memory(self.shape[0] * self.shape[1] * wide.itemsize, str(self.path))
            values = np.empty(self.shape, wide)
            for start, shard in zip(self._starts, self.shards, strict=False):
                values[start : start + len(shard)] = shard
        return Responses(values, stimuli=self.stimuli, units=self.units, made_by=self.made_by)

    def verify(self) -> None:
        """Compare every shard with the hash in the manifest; reads everything once."""
        for number, expected in enumerate(self.hashes):
            path = shard_path(self.path, number)
            if sha256(path) != expected:
                raise InputError(f"{path} differs from its hash in the manifest: it was changed.")


def open_store(path: Any) -> Store:
    """Open a folder of responses.

    Parameters
    ----------
    path : str or Path
        Folder that ``record_to`` or ``StoreWriter`` wrote.

    Returns
    -------
    Store
        Rows are read from memory maps when they are used.

    Raises
    ------
    InputError
        No folder, no manifest (writing was not finished), shards missing, truncated or of a
        shape that the manifest does not say.

    Notes
    -----
    Cost: that of reading the manifest and the shards' headers, not their values.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import unbraid as ub
    >>> folder = tempfile.mkdtemp() + "/model"
    >>> with ub.responses.StoreWriter(folder, n_units=2, dtype="float32") as writer:
    ...     writer.append(np.eye(2), stimuli=["a", "b"])
    >>> open_store(folder)
    Store(2 stimuli x 2 units, float32, 1 shards)
    """
    path = as_path(path)
    if not path.is_dir():
        raise InputError(f"{path} is not a folder of responses (it does not exist or is a file).")
    if not (path / MANIFEST).is_file():
        unfinished = any(path.glob("shard-*.safetensors"))
        hint = "; writing it was not finished: record again to resume." if unfinished else "."
        raise InputError(f"{path} has no {MANIFEST}{hint}")
    where = path / MANIFEST
    check_file(where)
    manifest = parse_json(where.read_bytes(), str(where))
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise InputError(f"{where} is not a manifest of Unbraid's responses.")
    if manifest.get("version") != VERSION:
        raise InputError(
            f"{where} has version {manifest.get('version')!r}, this Unbraid reads {VERSION}."
        )
    said = Said(str(where), manifest)
    said.skip(*_KEYS)
    said.settle(strict=True, kind="entry")
    try:
        n, p = (int(side) for side in manifest["shape"])
        dtype = np.dtype(manifest["dtype"])
        listed = [(int(s["rows"]), str(s["sha256"])) for s in manifest["shards"]]
        units, made_by = manifest["units"], dict(manifest["made_by"])
        if dtype.kind != "f" or sum(rows for rows, _ in listed) != n or n < 1 or p < 1:
            raise ValueError
    except (KeyError, TypeError, ValueError, OverflowError):
        raise InputError(f"{where} is damaged.") from None
    shards = tuple(open_shard(path, i, (rows, p), dtype) for i, (rows, _) in enumerate(listed))
    return Store(
        path=path,
        shape=(n, p),
        dtype=dtype,
        units=None if units is None else np.asarray(units, dtype=str),
        made_by=made_by,
        shards=shards,
        hashes=tuple(digest for _, digest in listed),
    )
