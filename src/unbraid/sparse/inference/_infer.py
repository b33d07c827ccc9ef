"""Codes by pursuit under a given dictionary, and the choice of the lasso's penalty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid._kernels.products.sparse_rows import decode
from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.training._source import spaced

_PENALTIES = 0.5 ** np.arange(1, 12)  # times the median over stimuli of the largest correlation
_MIDDLE = 3  # where the search for a penalty starts
_CHOOSING_ROWS = 400  # stimuli that choose: each of many penalties is tried on all of them
_HIDDEN = 1e-3  # share of an atom's length, below which units do not show it: it is rounding


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Which codes are asked for."""

    by: Literal["omp", "fista"]
    k: int | None = None
    penalty: float | None = None
    signed: bool = False


def infer(x: np.ndarray, atoms: np.ndarray, problem: Problem) -> tuple[sp.csr_array, float]:
    """Return codes (n, m) of ``x (n, p)``, offset already subtracted, and the largest gap."""
    unit, length = normalised(atoms)
    penalty = 0.0
    k = problem.k
    if problem.by == "fista":
        penalty = problem.penalty or 0.0
        k = min(atoms.shape)
    elif k is None:
        k = min(min(atoms.shape), max(1, atoms.shape[1] // 8))
    parts, gap = [], 0.0
    rows = max(1, 64_000_000 // max(k, 1))
    for start in range(0, len(x), rows):
        active, codes, gaps = pursue(
            np.ascontiguousarray(x[start : start + rows]),
            unit,
            k=k,
            penalty=penalty,
            signed=problem.signed,
        )
        codes /= np.where(active >= 0, length[active], 1)
        parts.append(from_active(active, codes, len(atoms)))
        full = (active >= 0).sum(1) == k if problem.by == "omp" else np.zeros(len(gaps), bool)
        gap = max(gap, float(np.max(gaps[~full], initial=0.0)))
    return (parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))), gap


def normalised(atoms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return atoms of unit length and their lengths; atoms of length zero stay zero."""
    length = np.sqrt(np.square(atoms, dtype=np.float64).sum(axis=1))
    safe = np.where(length > 0, length, 1).astype(atoms.dtype)
    return np.ascontiguousarray(atoms / safe[:, None]), safe


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An inference and the error on held-out units by which it was chosen."""

    problem: Problem
    error: float


def choose_inference(
    x: np.ndarray, atoms: np.ndarray, *, k: int, by: str = "auto", signed: bool = False
) -> Choice:
    """Return the inference that best predicts units not shown to it (atoms of unit length)."""
    rows = validation_rows(x)
    choices: list[Choice] = []
    if by in ("auto", "omp"):
        omp = Problem(by="omp", k=k, signed=signed)
        choices.append(Choice(problem=omp, error=held_out_units(rows, atoms, omp)))
    if by in ("auto", "fista"):
        choices.append(_lasso(rows, atoms, k, signed))
    if not all(np.isfinite(choice.error) for choice in choices):
        return choices[0]
    return min(choices, key=lambda choice: choice.error)


def validation_rows(x: np.ndarray) -> np.ndarray:
    """Return 400 validation stimuli at most, evenly spaced."""
    return np.ascontiguousarray(spaced(x, _CHOOSING_ROWS))


def _lasso(x: np.ndarray, atoms: np.ndarray, k: int, signed: bool) -> Choice:
    """Return the penalty with the least error, going downhill from the middle of the grid."""
    largest = float(np.median(np.max(np.abs(x @ atoms.T), axis=1)))
    tried: dict[int, Choice] = {}

    def at(step: int) -> float:
        if step not in tried:
            penalty = float(largest * _PENALTIES[step])
            problem = Problem(by="fista", k=k, penalty=penalty, signed=signed)
            tried[step] = Choice(problem=problem, error=held_out_units(x, atoms, problem))
        return tried[step].error

    best, last = _MIDDLE, len(_PENALTIES) - 1
    while True:
        if best > 0 and at(best - 1) < at(best):
            best -= 1
        elif best < last and at(best + 1) < at(best):
            best += 1
        else:
            at(best)
            return tried[best]


def held_out_units(x: np.ndarray, atoms: np.ndarray, problem: Problem) -> float:
    """Squared error on units that the codes were not inferred from, relative to the variance.

    Codes of each stimulus are inferred from three quarters of the units (seven eighths of fewer
    than 32) and predict the rest. Too few active latents leave features out, too many fit what the
    shown units alone hold: the error is least near the truth, where the error on shown units only
    ever falls. ``x`` is without its offset; the variance is about the mean, whatever the offset.
    """

    def guess(hidden: np.ndarray) -> np.ndarray:
        active, codes = _from_units(x, atoms, problem, ~hidden)
        rest = np.ascontiguousarray(atoms[:, hidden])
        return decode(active, codes, rest, np.zeros(rest.shape[1], rest.dtype))

    return unpredicted(x, guess)


def codes_from_units(
    x: np.ndarray, atoms: np.ndarray, problem: Problem, shown: np.ndarray
) -> sp.csr_array:
    """Return codes (n, m) inferred from the units of a mask (p,), offset already subtracted."""
    return from_active(*_from_units(x, atoms, problem, shown), len(atoms))


def _from_units(
    x: np.ndarray, atoms: np.ndarray, problem: Problem, shown: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:

    unit, length = normalised(np.ascontiguousarray(atoms[:, shown]))
    whole = np.sqrt(np.square(atoms, dtype=np.float64).sum(axis=1))
    unit[length < _HIDDEN * whole] = 0
    share = float(np.sqrt(shown.mean()))
    active, codes, _ = pursue(
        np.ascontiguousarray(x[:, shown]),
        unit,
        k=(problem.k or 1) if problem.by == "omp" else min(unit.shape),
        penalty=(problem.penalty or 0.0) * share if problem.by == "fista" else 0.0,
        signed=problem.signed,
    )
    codes /= np.where(active >= 0, length[active], 1)
    return active, codes


def unpredicted(x: np.ndarray, guess: Callable[[np.ndarray], np.ndarray]) -> float:
    """Return the squared error of guesses at hidden units, relative to the variance.

    ``guess`` is given each mask of ``unit_splits`` and returns the values of its units (n, hidden).
    NaN where there is one unit alone.
    """
    hidden = unit_splits(x.shape[1])
    if len(hidden) < 2:
        return float("nan")
    wrong = 0.0
    total = float(np.square(x - x.mean(0), dtype=np.float64).sum())
    for group in hidden:
        wrong += float(np.square(x[:, group] - guess(group), dtype=np.float64).sum())
    return wrong / total if total > 0 else float("nan")


def unit_splits(p: int) -> list[np.ndarray]:
    """Return masks of units (p,), a quarter of them (an eighth of fewer than 32), all in one."""
    splits = min(p, 4 if p >= 32 else 8)  # few units: hide fewer at a time
    group = np.argsort(np.random.default_rng(p).permutation(p)) % splits
    return [group == g for g in range(splits)]
