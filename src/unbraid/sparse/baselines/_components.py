"""What linear decompositions share: principal directions, and a dictionary of linear codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import checked_k
from unbraid.sparse.inference._encoder import Activation, Encoder


def principal(centred: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the principal directions (r, p) that vary, and the standard deviation along each."""
    n, p = centred.shape
    centred = np.asarray(centred, np.float64)
    if n < p:
        _, size, directions = np.linalg.svd(centred, full_matrices=False)
    else:
        values, vectors = np.linalg.eigh(centred.T @ centred)
        size, directions = np.sqrt(np.maximum(values[::-1], 0)), vectors.T[::-1]
    precision = 1e-10 if n < p else 1e-7  # the eigenvalues of the square are known less well
    alive = size > precision * size[0]
    directions = directions[alive]
    largest = np.abs(directions).argmax(1)
    directions = directions * np.sign(directions[np.arange(len(directions)), largest])[:, None]
    return directions, size[alive] / np.sqrt(n)


def first(directions: np.ndarray, n_latents: int | None, log: Log) -> np.ndarray:
    """Return the first ``n_latents`` directions, or all there are, with a warning if too few."""
    if n_latents is None:
        return directions
    if n_latents > directions.shape[1]:
        raise InputError(
            f"n_latents must be at most the number of units, {directions.shape[1]}, got "
            f"{n_latents}: linear components cannot be more. TopK and Pursuit can."
        )
    if n_latents > len(directions):
        log.warnings.append(
            f"The responses vary in {len(directions)} directions only, fewer than the {n_latents} "
            "components asked for."
        )
    return directions[:n_latents]


def dictionary(
    method: Any, atoms: np.ndarray, unmixing: np.ndarray, center: np.ndarray, kind: Any
) -> Dictionary:
    """Return the dictionary of ``codes = (x - center) unmixing'``, ``x ~ center + codes atoms``."""
    length = np.linalg.norm(atoms, axis=1, keepdims=True)
    atoms, unmixing = atoms / length, unmixing * length
    if method.one_sided:
        atoms, unmixing = np.concatenate([atoms, -atoms]), np.concatenate([unmixing, -unmixing])
    m = len(atoms)
    k = m if method.k is None else checked_k(method.k, m)
    activation: Activation = "topk" if method.one_sided else "abstopk"
    return Dictionary(
        atoms=atoms.astype(kind),
        offset=center.astype(kind),
        encoder=Encoder(
            weights=np.ascontiguousarray(unmixing.T, kind),
            bias=np.zeros(m, kind),
            activation=activation,
            k=k,
        ),
        method=method,
        k=method.k,
        floor=0.0,
        signed=not method.one_sided,
    )


def rotated(method: Any, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
    """Return random orthonormal directions, as many as ``method`` would learn."""
    n, p = x.shape
    m = min(method.n_latents or p, p, n)
    directions = np.linalg.qr(rng.normal(size=(p, m)))[0].T
    return dictionary(method, directions, directions, x.mean(0, dtype=np.float64), x.dtype)
