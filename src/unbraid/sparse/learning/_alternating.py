"""Alternating dictionary learning: codes by pursuit, atoms by least squares, bad ones replaced."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg.lapack import dposv

from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid._kernels.products.normal_equations import sums
from unbraid._kernels.products.sparse_rows import decode, scatter
from unbraid.sparse.learning._start import some

_SAME = 0.9  # cosine above which two atoms are one
_SOLVE_MOST = 1500  # atoms up to which the normal equations are solved at once
_STEPS = 8  # of conjugate gradients: the next iteration goes on from there
_BLOCK = 1024  # atoms compared with all others at a time, so that m^2 numbers are never held


@dataclass(frozen=True)
class Coded:
    """Codes of one iteration, and the residual."""

    active: np.ndarray
    codes: np.ndarray
    residual: np.ndarray

    @property
    def error(self) -> float:
        """Summed squared error."""
        return float(np.square(self.residual, dtype=np.float64).sum())


def code(x: np.ndarray, atoms: np.ndarray, offset: np.ndarray, k: int, penalty: float = 0.0,
         signed: bool = False) -> Coded:  # fmt: skip
    """Return the codes of ``x`` under atoms of unit length, and the residual."""
    active, codes, _ = pursue(
        x - offset, atoms, k=k, penalty=penalty, signed=signed, tolerance=1e-3
    )
    return Coded(active, codes, x - decode(active, codes, atoms, offset))


def improve(
    x: np.ndarray, coded: Coded, atoms: np.ndarray, offset: np.ndarray, learn_offset: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return atoms (unit length) and offset that fit the codes best, and how often each is used.

    ``min_{A,b} |x - Z A - b|^2``, kept close to the atoms before by a trace of ridge where the
    codes do not determine them.
    """
    m, n = len(atoms), len(x)
    few = m <= _SOLVE_MOST
    found = sums(coded.active, coded.codes, coded.residual, m, squares=few)
    wrong = found.products.astype(np.float64)  # gradient: least squares for the change
    mean_z = np.zeros(m)
    if learn_offset:  # eliminate b: centre codes and residual
        mean_z = found.means.astype(np.float64)
        mean_r = coded.residual.mean(0, dtype=np.float64)
        wrong -= n * np.outer(mean_z, mean_r)
    if few:
        change = _solve(found.squares, n, mean_z, wrong)
    else:
        change = _solve_by_steps(coded, mean_z, wrong)
    new = atoms + change
    if learn_offset:
        offset = (offset + mean_r - mean_z @ change).astype(atoms.dtype)
    length = np.linalg.norm(new, axis=1)
    fine = length > 1e-10
    new[fine] /= length[fine, None]
    new[~fine] = atoms[~fine]
    return np.ascontiguousarray(new, atoms.dtype), offset, found.used


def alternate(
    x: np.ndarray,
    atoms: np.ndarray,
    offset: np.ndarray,
    *,
    iterations: int,
    k: int,
    learn_offset: bool = True,
    signed: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms and offset after iterations of matching pursuit and least squares on ``x``."""
    for _ in range(iterations):
        coded = code(x, atoms, offset, k, signed=signed)
        atoms, offset, _ = improve(x, coded, atoms, offset, learn_offset)
    return atoms, offset


def _ridge(squares: np.ndarray) -> float:
    return 1e-6 * float(squares.mean()) + 1e-12


def _solve(squares: np.ndarray, n: int, mean_z: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return the change of the atoms, from the normal equations."""
    gram = squares.astype(np.float64)
    gram -= n * np.outer(mean_z, mean_z)
    gram[np.diag_indices(len(gram))] += _ridge(gram.diagonal())
    _, change, failed = dposv(gram, wrong)
    if failed:  # rounding of the squares, in single precision, exceeds the ridge
        return np.linalg.solve(gram, wrong)
    return np.ascontiguousarray(change)


def _solve_by_steps(coded: Coded, mean_z: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """Return nearly the same by conjugate gradients, without a matrix of atoms by atoms."""
    n, kind = len(coded.active), coded.codes.dtype
    on = coded.active >= 0
    squares = np.bincount(coded.active[on], coded.codes[on] ** 2, len(wrong)) - n * mean_z**2
    ridge = _ridge(squares)
    scale = (1 / (np.maximum(squares, 0) + ridge))[:, None].astype(kind)
    none, mean_z = np.zeros(wrong.shape[1], kind), mean_z.astype(kind)
    left = wrong.astype(kind)
    change, step = np.zeros_like(left), scale * left
    size = np.sum(left * step, axis=0)
    enough = 1e-6 * size
    for _ in range(_STEPS):
        image = kind.type(ridge) * step - n * np.outer(mean_z, mean_z @ step)
        scatter(coded.active, (coded.codes, decode(coded.active, coded.codes, step, none), image))
        length = size / np.maximum(np.sum(step * image, axis=0), 1e-30)
        change += length * step
        left -= length * image
        next_ = scale * left
        new = np.sum(left * next_, axis=0)
        if (new <= enough).all():
            break
        step = next_ + new / np.maximum(size, 1e-30) * step
        size = new
    return change


def replace_bad(
    x: np.ndarray,
    coded: Coded,
    atoms: np.ndarray,
    used: np.ndarray,
    rng: np.random.Generator,
    most: int,
) -> tuple[np.ndarray, int]:
    """Replace atoms that are unused or doubled by what is explained worst; return their number."""
    usual = float(np.median(used[used > 0])) if used.any() else 0.0
    bad = used < max(2, 0.05 * usual)
    for i, j in _doubled(atoms):
        if not (bad[i] or bad[j]):
            bad[i if used[i] < used[j] else j] = True
    where = np.flatnonzero(bad)[:most]
    if len(where):
        error = np.square(coded.residual).sum(1)
        pool = np.argsort(-error)[: max(4 * len(where), len(x) // 20)]
        rows = rng.choice(pool, len(where), replace=len(pool) < len(where))
        fresh = coded.residual[rows]
        length = np.linalg.norm(fresh, axis=1, keepdims=True)
        fine = length[:, 0] > 0
        atoms = atoms.copy()
        atoms[where[fine]] = (fresh / np.where(length > 0, length, 1))[fine]
    return atoms, len(where)


def _doubled(atoms: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of atoms that are one, without a matrix of atoms by atoms."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(atoms), _BLOCK):
        alike = np.abs(atoms[start : start + _BLOCK] @ atoms[start:].T) > _SAME
        i, j = np.nonzero(np.triu(alike, 1))
        found += zip((i + start).tolist(), (j + start).tolist(), strict=True)
    return found


@dataclass(frozen=True)
class PursuitPlan:
    """How long and under which constraints atoms are learned."""

    k: int
    iterations: int
    grow: float = 0.5
    """Share of the iterations over which the active latents grow from 1 to k."""
    replace: float = 0.8
    """Share of the iterations in which bad atoms are replaced."""
    learn_offset: bool = True
    signed: bool = False
    rows: int = 0
    """Stimuli an iteration; 0: all."""


def learn_atoms(
    x: np.ndarray,
    atoms: np.ndarray,
    offset: np.ndarray,
    plan: PursuitPlan,
    rng: np.random.Generator,
    callback: Callable[[int, float], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms and offset after ``plan.iterations`` iterations on ``x`` from a given start."""
    most = max(1, len(atoms) // 4)
    for iteration in range(plan.iterations):
        rows = some(x, plan.rows or len(x), rng)
        grown = plan.k
        if iteration < plan.grow * plan.iterations:
            grown = min(plan.k, 1 + int(iteration / (plan.grow * plan.iterations) * plan.k))
        now = code(rows, atoms, offset, grown, signed=plan.signed)
        if callback is not None:
            callback(iteration, now.error / len(rows))
        atoms, offset, used = improve(rows, now, atoms, offset, plan.learn_offset)
        if iteration < plan.replace * plan.iterations:
            atoms, _ = replace_bad(rows, now, atoms, used, rng, most)
    return atoms, offset
