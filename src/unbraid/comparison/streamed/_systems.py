"""Two systems read by rows: of the same stimuli, and unchanged from first to last."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._answers import sha256_of
from unbraid._validate import check_finite
from unbraid.errors import InputError
from unbraid.responses import Responses, Store, as_responses, pair
from unbraid.responses.stores._part import StorePart
from unbraid.responses.stores._shards import shard_path
from unbraid.responses.stores._store import MANIFEST


@dataclass(frozen=True, eq=False)
class RowSource:
    """One system: a store on disk, or responses in memory."""

    source: Store | Responses
    name: str

    @property
    def shape(self) -> tuple[int, int]:
        """Stimuli and units."""
        n, p = self.source.shape
        return n, p

    @property
    def stimuli(self) -> np.ndarray | None:
        """Ids of the stimuli."""
        return self.source.stimuli

    @property
    def made_by(self) -> dict[str, Any]:
        """What made the values."""
        return dict(self.source.made_by)

    def __len__(self) -> int:
        return self.shape[0]

    def take(self, rows: np.ndarray) -> Responses:
        """Return some rows in memory."""
        if isinstance(self.source, Store):
            values = self.source.rows(rows)
            check_finite(values, f"{self.name} ({len(rows)} of its rows)")
            return self.source.read(rows)
        return self.source.take(rows)

    def part(self, rows: np.ndarray) -> StorePart | Responses:
        """Return some rows where they are: of a store they stay on disk."""
        if isinstance(self.source, Store):
            return StorePart(self.source, rows)
        return self.source.take(rows)

    def sha256(self) -> str:
        """Return a hash of the values: of a store, of the hashes in its manifest."""
        if isinstance(self.source, Store):
            return hashlib.sha256(" ".join(self.source.hashes).encode()).hexdigest()
        return sha256_of(self.source.toarray())


def systems_of(x: Any, y: Any) -> tuple[RowSource, RowSource]:
    """Return both systems, refusing rows that stand for different stimuli."""
    if not (isinstance(x, Store) or isinstance(y, Store)):
        x, y = pair(x, y)
    sides = [side if isinstance(side, Store) else as_responses(side, name)
             for side, name in ((x, "x"), (y, "y"))]  # fmt: skip
    if len(sides[0]) != len(sides[1]):
        raise InputError(
            f"x and y must have one row per stimulus each, got {len(sides[0])} and {len(sides[1])}."
        )
    ids = [side.stimuli for side in sides]
    if ids[0] is not None and ids[1] is not None:
        apart = np.flatnonzero(np.asarray(ids[0]) != np.asarray(ids[1]))
        if len(apart):
            raise InputError(
                "x and y must hold the same stimuli in the same order, got "
                f"{str(ids[0][apart[0]])!r} and {str(ids[1][apart[0]])!r} in row {apart[0]}. Write "
                "one of them again in the order of the other."
            )
    one, other = RowSource(sides[0], "x"), RowSource(sides[1], "y")
    if one.shape == other.shape and one.sha256() == other.sha256():
        raise InputError(
            "x and y are the same responses: which latents of two dictionaries of one system are "
            "shared needs them in memory. Leave on out, and give some rows: store.read(rows)."
        )
    return one, other


def stamp_of(source: Any) -> tuple[Any, ...]:
    """Return what changes when a store is written again; empty for responses in memory."""
    if not isinstance(source, Store):
        return ()
    files = [source.path / MANIFEST]
    files += [shard_path(source.path, number) for number in range(len(source.shards))]
    try:
        found = [file.stat() for file in files]
    except OSError as error:
        raise InputError(f"{source.path} cannot be read any more: {error}.") from None
    return source.hashes, tuple((s.st_size, s.st_mtime_ns) for s in found)


def check_stamp(source: Any, stamp: tuple[Any, ...], name: str) -> None:
    """Refuse a store that is no longer what it was when the comparison began."""
    if stamp_of(source) != stamp:
        raise InputError(
            f"{name} ({source.path}) was changed while it was read: compare again when it is "
            "complete."
        )
