"""One verb: learn a dictionary from responses."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._kernels.threads import is_small, one_thread
from unbraid._progress import progress as show_progress
from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._method import Method
from unbraid.sparse._source import opened, varies
from unbraid.sparse._watch import Watch

_COHERENCE_ROWS = 1024
_EVIDENCE_NUMBERS = 2**22  # responses looked at in one go


def fit(
    x: Any,
    method: Method,
    *,
    rng: int | np.random.Generator | None = None,
    progress: bool | Callable[[str, float], None] = False,
    checkpoint: str | Path | None = None,
) -> Dictionary:
    """Learn a dictionary of sparse features from responses.

    Parameters
    ----------
    x : Responses, array of shape (n, p), memory map, or Store
        Responses to the training stimuli. Never modified. Autoencoders read a memory map or a store
        a part at a time, so that it may be larger than memory; other methods read it whole.
    method : Method
        For example ``TopK(k=32, expansion=4)``, ``Pursuit()`` or ``Auto()``.
    rng : int or Generator, optional
        All randomness. The same seed gives the same dictionary.
    progress : bool or callable
        Show progress on stderr, or pass it to ``progress(message, share)``.
    checkpoint : path, optional
        Folder in which an autoencoder leaves its state twenty times a training: killed at any
        moment and called again with the same arguments, it goes on to the same bits. Gone when
        done.

    Returns
    -------
    Dictionary
        With its evidence: FVU, l0, dead latents and the course of the training.

    Raises
    ------
    InputError
        Unusable responses, or options that do not suit them.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import Pursuit, fit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (500, 6)) * (rng.random((500, 6)) < 0.2)
    >>> fit(z @ rng.normal(size=(6, 4)), Pursuit(n_latents=6, k=2), rng=0)  # doctest: +ELLIPSIS
    Dictionary(6 atoms in 4 dimensions by Pursuit, fvu=...)
    """
    if not isinstance(method, Method):
        raise InputError(
            f"method must be a method such as TopK(k=32, expansion=4), got {method!r}. "
            "Names are read by unbraid.sparse.parse_method."
        )
    values = opened(x, in_batches=method.in_batches)
    if len(values) < 2:
        raise InputError(f"x must hold at least 2 stimuli to learn from, got {len(values)}.")
    if not varies(values):
        raise InputError("x must vary over stimuli, but every unit is constant.")
    if checkpoint is not None and not method.in_batches:
        raise InputError(
            "checkpoint is kept by autoencoders only, which learn in batches, got method "
            f"{type(method).__name__}; leave it out."
        )
    folder = None if checkpoint is None else Path(checkpoint)
    rng = _own_stream(_validate.as_rng(rng))
    started = time.perf_counter()
    with one_thread(when=is_small(values.shape[1])):
        if callable(progress):
            learned, watch = _learn(values, method, rng, progress, folder)
        elif progress:
            with show_progress() as tell:
                learned, watch = _learn(values, method, rng, tell, folder)
        else:
            learned, watch = _learn(values, method, rng, None, folder)
    seconds = time.perf_counter() - started
    learned = _with_evidence(learned, values, watch, seconds)
    for line in learned.evidence.warnings:
        warnings.warn(line, RuntimeWarning, stacklevel=2)
    return learned


def _own_stream(rng: np.random.Generator) -> np.random.Generator:
    """Return an independent stream: data drawn with the same seed must not equal the start."""
    try:
        return rng.spawn(1)[0]
    except TypeError:  # a bit generator without a seed sequence
        return rng


def _learn(
    values: np.ndarray, method: Method, rng: np.random.Generator, tell: Any, folder: Path | None
) -> tuple[Dictionary, Watch]:
    watch = Watch(tell, folder)
    return method.learn(values, rng, watch), watch


def _with_evidence(
    learned: Dictionary, values: np.ndarray, watch: Watch, seconds: float
) -> Dictionary:
    n = len(values)
    alive = np.zeros(learned.n_latents, bool)
    active = wrong = squares = effective = 0.0
    sums, middle = 0.0, None
    step = max(1, _EVIDENCE_NUMBERS // max(values.shape[1], learned.n_latents))
    for start in range(0, n, step):
        block = values[start : start + step]
        codes = learned.encode(block)
        alive[codes.indices] = True
        active += codes.count_nonzero()
        size, energy = abs(codes).sum(axis=1), codes.power(2).sum(axis=1)
        effective += float(np.sum(size[energy > 0] ** 2 / energy[energy > 0]))
        seen = learned.transformed(block)
        wrong += np.square(seen - learned.decode(codes), dtype=np.float64).sum()
        middle = seen.mean(0, dtype=np.float64) if middle is None else middle
        sums = sums + (seen - middle).sum(0)
        squares += np.square(seen - middle).sum()
    total = squares - np.square(sums).sum() / n  # about the mean of all, not of each part
    return learned.with_evidence(
        fvu=float(wrong / total) if total > 0 else float("nan"),
        l0=active / n,
        n_active=effective / n,
        coherence=_coherence(learned.atoms),
        units_for_bound=_units_for_bound(values.shape[1], int(alive.sum()), effective / n),
        dead=float(1 - alive.mean()),
        n_stimuli=n,
        seconds=seconds,
        history=tuple(watch.history),
        warnings=tuple(watch.warnings),
    )


def _coherence(atoms: np.ndarray) -> float:
    length = np.linalg.norm(atoms, axis=1)
    unit = atoms[length > 0] / length[length > 0, None]
    if len(unit) < 2:
        return float("nan")
    largest = 0.0
    for start in range(0, len(unit), _COHERENCE_ROWS):
        cosine = np.abs(unit[start : start + _COHERENCE_ROWS] @ unit.T)
        at = np.arange(len(cosine))
        cosine[at, start + at] = 0
        largest = max(largest, float(cosine.max()))
    return min(largest, 1.0)


def _units_for_bound(p: int, n_latents: int, k: float) -> float:
    if not k > 0:
        return float("nan")
    need = k * np.log(n_latents / k) if n_latents > k else 0.0
    return float(p / need) if need > 0 else float("inf")
