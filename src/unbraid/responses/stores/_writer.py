"""Writing a store: shards appear whole, the manifest last; a killed writer resumes by shard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from unbraid import _validate
from unbraid._config import fingerprint
from unbraid._folders import is_abandoned, replacing
from unbraid.errors import InputError
from unbraid.responses._files import as_path, parse_json
from unbraid.responses._formats.arrays import safetensors
from unbraid.responses.labelled._ids import as_ids, bytes_of_ids
from unbraid.responses.stores._shards import sha256, shard_path
from unbraid.responses.stores._store import FORMAT, MANIFEST, VERSION, Store, open_store

_PLAN = "writing.json"
# Large enough to be read at the speed of the disk, small enough to be held
_SHARD_BYTES = 64 * 2**20
_DTYPES = ("float16", "float32", "float64")
_TEMPORARY = re.compile(  # as ``replacing`` names per file that is not whole yet
    r"\.(writing\.json|manifest\.json|shard-\d{5,}\.safetensors)\.[a-z0-9_]+\.tmp"
)


class StoreWriter:
    """Writes responses into a folder, block by block, in bounded memory.

    Parameters
    ----------
    path : str or Path
        Folder; made if missing. One that a killed writer left with the same plan (units, number
        type, shard size, ``made_by``) is resumed: ``rows`` says how many rows it holds already.
    n_units : int
        Units: numbers per row.
    dtype : {"float16", "float32", "float64"}
        Type of the numbers on disk.
    units : sequence of length n_units, optional
        Ids of the units.
    made_by : mapping, optional
        What makes the values: plain JSON data. It decides what may be resumed (its ``key``
        alone, if it has one).
    rows_per_shard : int, optional
        Default: shards of 64 MiB.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> with StoreWriter(tempfile.mkdtemp() + "/r", n_units=3, dtype="float32") as writer:
    ...     writer.append(np.eye(3), stimuli=["a", "b", "c"])
    >>> writer.store
    Store(3 stimuli x 3 units, float32, 1 shards)
    """

    def __init__(
        self,
        path: Any,
        *,
        n_units: int,
        dtype: str = "float32",
        units: Sequence[Any] | None = None,
        made_by: Mapping[str, Any] | None = None,
        rows_per_shard: int | None = None,
    ) -> None:
        if str(dtype) not in _DTYPES:
            raise InputError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}.")
        if n_units < 1 or (rows_per_shard is not None and rows_per_shard < 1):
            raise InputError("n_units and rows_per_shard must be at least 1.")
        self.path = as_path(path)
        self.dtype, self.n_units = np.dtype(dtype), n_units
        self.units = as_ids(units, n_units, "units")
        self.made_by = dict(made_by or {})
        default = max(1, _SHARD_BYTES // (n_units * self.dtype.itemsize))
        self.rows_per_shard = rows_per_shard or default
        self.shards = self._start()
        self.rows = self.rows_per_shard * len(self.shards)
        self._values = np.empty((self.rows_per_shard, n_units), self.dtype)
        self._ids: list[np.ndarray] = []
        self._filled = 0
        self._has_ids: bool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()

    def append(self, values: Any, stimuli: Any = None, *, at: int | None = None) -> None:
        """Add rows; with ``at`` (number of the first row), rows held already are skipped."""
        values = np.asarray(values) if _is_plain(values) else _validate.as_floats(values, "values")
        _validate.check_matrix_shape(values.shape, "values")
        if values.shape[1] != self.n_units:
            raise InputError(f"values must have {self.n_units} units, got {values.shape[1]}.")
        ids = as_ids(stimuli, len(values), "stimuli")
        at = self.rows if at is None else at
        if at > self.rows:
            raise InputError(f"rows {self.rows}..{at - 1} are missing before row {at}.")
        skipped = min(self.rows - at, len(values))
        values, ids = values[skipped:], None if ids is None else ids[skipped:]
        if len(values):
            self._check_ids(ids is not None)
        while len(values):
            n = min(len(values), self.rows_per_shard - self._filled)
            self._put(values[:n])
            if ids is not None:
                self._ids.append(ids[:n])
                ids = ids[n:]
            values = values[n:]
            self._filled += n
            self.rows += n
            if self._filled == self.rows_per_shard:
                self._flush()

    def close(self) -> Store:
        """Write what is left and the manifest; without it a folder does not open."""
        if not self.rows:
            raise InputError(f"{self.path}: no rows were written.")
        if self._filled:
            self._flush()
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "shape": [self.rows, self.n_units],
            "dtype": str(self.dtype),
            "units": None if self.units is None else self.units.tolist(),
            "made_by": self.made_by,
            "shards": self.shards,
        }
        with replacing(self.path / MANIFEST) as temporary:
            temporary.write_text(json.dumps(manifest, indent=1), encoding="utf-8")
        self.store = open_store(self.path)
        if self.store.stimuli is not None:
            try:
                as_ids(self.store.stimuli, self.rows, "stimuli")
            except InputError as error:
                (self.path / MANIFEST).unlink()
                raise InputError(f"{self.path}: {error}") from None
        sweep(self.path)
        return self.store

    def _put(self, values: np.ndarray) -> None:
        """Copy a block into the buffer; what is not finite there is refused."""
        room = self._values[self._filled : self._filled + len(values)]
        with np.errstate(over="ignore"):
            room[:] = values
        if not _all_finite(room):
            _validate.check_finite(values, "values")
            raise InputError(f"values exceed the largest {self.dtype}; use a wider dtype.")

    def _check_ids(self, given: bool) -> None:
        if self._has_ids is None and self.shards:
            tensors, _ = safetensors.read_header(shard_path(self.path, 0))
            self._has_ids = "stimuli" in tensors
        if self.rows and self._has_ids is not None and self._has_ids != given:
            raise InputError("Give stimulus ids for all rows or for none.")
        self._has_ids = given

    def _flush(self) -> None:
        tensors = {"values": self._values[: self._filled]}
        if self._ids:
            tensors["stimuli"] = bytes_of_ids(np.concatenate(self._ids))
        path = shard_path(self.path, len(self.shards))
        with replacing(path) as temporary:
            digest = safetensors.write_tensors(temporary, tensors, {})
        self.shards.append({"rows": self._filled, "sha256": digest})
        self._filled, self._ids = 0, []

    def _start(self) -> list[dict[str, Any]]:
        """Write the plan, or take up one that is the same; return the whole shards there."""
        plan = {
            "fingerprint": fingerprint(
                [self.n_units, str(self.dtype), self.rows_per_shard]
                + [self.made_by.get("key", self.made_by)]
                + ([] if self.units is None else self.units.tolist())
            ),
            "made_by": self.made_by,
        }
        where = self.path / _PLAN
        if (self.path / MANIFEST).exists():
            raise InputError(f"{self.path} holds finished responses already; choose another name.")
        if where.is_file():
            old = parse_json(where.read_bytes(), str(where))
            if not isinstance(old, dict) or old.get("fingerprint") != plan["fingerprint"]:
                raise InputError(
                    f"{self.path} holds other unfinished responses (another model, layer, "
                    "preprocessing or stimuli); delete it or choose another name."
                )
            self.made_by = dict(old.get("made_by") or {})
            return self._whole_shards()
        if self.path.exists() and not self.path.is_dir():
            raise InputError(f"{self.path} is a file, expected a folder; choose another name.")
        foreign = sorted({*self.path.glob("*")} - {*_temporaries(self.path)})
        if foreign:
            raise InputError(
                f"{self.path} holds {foreign[0].name}, which no unfinished recording left there; "
                "choose another folder."
            )
        with replacing(where) as temporary:
            temporary.write_text(json.dumps(plan), encoding="utf-8")
        return []

    def _whole_shards(self) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        while self._is_full(shard_path(self.path, len(shards))):
            path = shard_path(self.path, len(shards))
            shards.append({"rows": self.rows_per_shard, "sha256": sha256(path)})
        return shards

    def _is_full(self, path: Path) -> bool:
        if not path.is_file():
            return False
        try:
            tensors, _ = safetensors.read_header(path)
        except InputError:
            return False
        held = tensors.get("values")
        return held is not None and held.shape == (self.rows_per_shard, self.n_units)


def sweep(folder: Path) -> None:
    """Remove what writing leaves beside finished responses; nothing else is touched."""
    (folder / _PLAN).unlink(missing_ok=True)
    for leftover in _temporaries(folder):
        if is_abandoned(leftover):  # another process may write the same responses
            leftover.unlink(missing_ok=True)


def _temporaries(folder: Path) -> Iterator[Path]:
    """Yield the files that a writer has not finished."""
    for path in folder.glob(".*.tmp"):
        if _TEMPORARY.fullmatch(path.name) and path.is_file() and not path.is_symlink():
            yield path


def _is_plain(values: Any) -> bool:
    return type(values) is np.ndarray and values.dtype.kind == "f" and values.dtype.isnative


def _all_finite(block: np.ndarray) -> bool:
    if block.dtype != np.float16:
        return bool(np.isfinite(block).all())
    exponent = block.view(np.uint16) & np.uint16(0x7C00)  # several times faster than isfinite
    return bool((exponent != 0x7C00).all())
