"""What a training will take of memory, said before it starts."""

from __future__ import annotations

from typing import Any

from unbraid.responses._files import check_memory
from unbraid.sparse._log import Log
from unbraid.sparse.training._source import OnDisk, held_rows, pool_rows
from unbraid.sparse.training._training import Training

# bytes per weight: drawn in float64; its float32 self, moments, gradient, best state; eight bits
_COPIES = 73
_MUCH = 2**26  # a line is logged for this many bytes or more
_SCORES = 256  # rows whose scores are held at once where gradients are sparse


def announce(x: Any, n_latents: int, training: Training, log: Log, *, dense: bool) -> None:
    """Say how much memory a training takes beside ``x``, where it is much; refuse too much."""
    n_bytes = needed(x, n_latents, training, dense=dense)
    check_memory(n_bytes, f"Training {n_latents} latents on {x.shape[1]} units")
    if n_bytes >= _MUCH:
        log.show(f"about {n_bytes / 2**20:.0f} MiB of memory", 0.0)


def needed(x: Any, n_latents: int, training: Training, *, dense: bool) -> int:
    """Return about how many bytes a training takes beside ``x``, if ``x`` is in memory."""
    n, p = x.shape
    held = held_rows(n, p, training.held_out)
    batch = training.batch_for(n - held)
    rows = min(n, pool_rows(x)) * x.dtype.itemsize if isinstance(x, OnDisk) else 0
    scores = 24 * batch if dense else 4 * min(batch, _SCORES)
    return p * (_COPIES * n_latents + rows + 4 * held + 16 * batch) + n_latents * scores + 32 * n
