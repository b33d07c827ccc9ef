"""A training that can be killed at any moment and goes on to the same result."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from unbraid._folders import replacing
from unbraid.errors import InputError, TrainingError
from unbraid.responses._formats.arrays.safetensors import write_tensors

_NAME = "training.safetensors"


def identity(start: dict[str, np.ndarray], x: np.ndarray, options: dict[str, Any]) -> str:
    """Return a digest of all that a training depends on: its start, stimuli and options."""
    return _digest(options, [*start.values(), x])


class Checkpoint:
    """One file with everything the rest of a training depends on, replaced in one move."""

    def __init__(self, folder: Path, identity: str) -> None:
        self.path, self.identity = folder / _NAME, identity

    def save(self, arrays: dict[str, np.ndarray], numbers: dict[str, Any]) -> None:
        """Replace the file in one move; a failure leaves the last good state."""
        arrays = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        text = json.dumps(numbers)
        meta = {"identity": self.identity, "numbers": text, "content": _content(arrays, text)}
        try:
            with replacing(self.path) as temporary:
                write_tensors(temporary, arrays, meta)
        except InputError as error:
            raise TrainingError(f"{error} The last good state is kept.") from None

    def load(self) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
        """Return the arrays and numbers saved last, or None where nothing was."""
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "numpy") as file:
                meta = file.metadata() or {}
                arrays = {name: file.get_tensor(name).copy() for name in file.keys()}  # noqa: SIM118
            numbers = json.loads(meta["numbers"])
            if meta["content"] != _content(arrays, meta["numbers"]):
                raise ValueError("its content is not what was written")
        except (SafetensorError, KeyError, ValueError, OSError, RecursionError) as error:
            raise InputError(
                f"{self.path} is damaged ({error}); delete it to start the training again."
            ) from None
        if meta.get("identity") != self.identity:
            raise InputError(
                f"{self.path} belongs to a training with another seed, other options or other "
                "responses; give another folder, or delete it."
            )
        return arrays, numbers

    def clear(self) -> None:
        """Remove the file once the training is done."""
        self.path.unlink(missing_ok=True)


def _content(arrays: dict[str, np.ndarray], numbers: str) -> str:
    names = sorted(arrays)
    kinds = [(name, arrays[name].shape, str(arrays[name].dtype)) for name in names]
    return _digest([numbers, kinds], [arrays[name] for name in names])


def _digest(text: Any, arrays: list[np.ndarray]) -> str:
    digest = hashlib.sha256(json.dumps(text, sort_keys=True, default=str).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def check_loss(loss: float, where: str, rate: str, checkpoint: Checkpoint | None) -> None:
    """Stop a training whose loss is no number any more; ``rate`` names what to lower."""
    if not np.isfinite(loss):
        kept = "" if checkpoint is None else f" The last good state is kept in {checkpoint.path}."
        raise TrainingError(f"The loss became {loss} at step {where}; lower {rate}.{kept}")
