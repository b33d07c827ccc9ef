"""Where a learning starts: rows, offset, scale and first atoms."""

from __future__ import annotations

import numpy as np


def some(x: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``count`` random rows, all where there are no more."""
    return x if len(x) <= count else x[rng.choice(len(x), count, replace=False)]


def affords(budget: int, x: np.ndarray, m: int) -> bool:
    """Return whether stimuli times latents (of up to 64 units; more cost more) are in a budget."""
    return len(x) * m * max(1.0, x.shape[1] / 64) <= budget


def start_offset(x: np.ndarray, *, zero: bool) -> np.ndarray:
    """Return where an offset starts: at zero, or at the mean response."""
    mean = x.mean(0, dtype=np.float64).astype(x.dtype)
    return np.zeros_like(mean) if zero else mean


def spread(x: np.ndarray) -> float:
    """Return the root mean square about the mean; 1 where nothing varies."""
    return float(np.sqrt(np.mean(np.square(x - x.mean(0), dtype=np.float64)))) or 1.0


def draw_atoms(x: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``m`` stimuli brought to unit length, random directions where they do not suffice."""
    length = np.linalg.norm(x, axis=1)
    able = np.flatnonzero(length > 1e-12 * max(float(length.max()), 1e-300))
    chosen = rng.choice(able, min(m, len(able)), replace=False)
    atoms = x[chosen] / length[chosen, None]
    if len(atoms) < m:
        random = rng.normal(size=(m - len(atoms), x.shape[1])).astype(x.dtype)
        random /= np.linalg.norm(random, axis=1, keepdims=True)
        atoms = np.concatenate([atoms, random])
    return np.ascontiguousarray(atoms, x.dtype)
