"""Codes by pursuit under a given dictionary, and the choice of what rules them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unbraid._kernels.codes.fewest_active import fewest_active
from unbraid._kernels.codes.lasso_and_omp import pursue
from unbraid._kernels.products.sparse_rows import decode
from unbraid.sparse.inference._downhill import downhill
from unbraid.sparse.inference._encoder import from_active
from unbraid.sparse.training._source import spaced

PENALTIES = 0.5 ** np.arange(1, 12)  # times the median over stimuli of the largest correlation
LEASTS = 2.0 ** -np.arange(0.5, 6.5, 0.5)  # of the same: what a latent must explain at least
_MOST_BY_L0 = 64  # latents per stimulus under l0: among more, a beam finds no better support
_BEAMS = 16  # supports kept: with true atoms 99 % of supports are found where the lasso finds 80 %
_CHOOSING_ROWS = 400  # stimuli that choose: each of many penalties is tried on all of them
_HIDDEN = 1e-3  # share of an atom's length, below which units do not show it: it is rounding


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Which codes are asked for."""

    by: Literal["omp", "fista", "l0"]
    k: int | None = None
    penalty: float | None = None
    least: float | None = None
    """Of ``l0``: a latent is active where it lowers the squared error by more than its square."""
    signed: bool = False


def infer(x: np.ndarray, atoms: np.ndarray, problem: Problem) -> tuple[sp.csr_array, float]:
    """Return codes (n, m) of ``x (n, p)``, offset already subtracted, and the largest gap."""
    unit, length = normalised(atoms)
    most = _most_active(problem, atoms.shape)
    parts, gap = [], 0.0
    rows = max(1, 64_000_000 // max(most, 1))
    for start in range(0, len(x), rows):
        block = np.ascontiguousarray(x[start : start + rows])
        active, codes, gaps = solved(block, unit, problem)
        codes /= np.where(active >= 0, length[active], 1)
        parts.append(from_active(active, codes, len(atoms)))
        full = (active >= 0).sum(1) == most if problem.by == "omp" else np.zeros(len(gaps), bool)
        gap = max(gap, float(np.max(gaps[~full], initial=0.0)))
    gap = float("nan") if problem.by == "l0" else gap  # a beam gives no certificate
    return (parts[0] if len(parts) == 1 else sp.csr_array(sp.vstack(parts, format="csr"))), gap


def _most_active(problem: Problem, shape: tuple[int, ...]) -> int:
    """Return how many latents may be active per stimulus, for atoms of a shape (m, p)."""
    if problem.by == "fista":
        return min(shape)
    if problem.k is None:
        usual = _MOST_BY_L0 if problem.by == "l0" else max(1, shape[1] // 8)
        return min(*shape, usual)
    return problem.k


def solved(
    x: np.ndarray, unit: np.ndarray, problem: Problem, share: float = 1.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return active latents (n, k), codes (n, k) and gaps (n,) under atoms of unit length.

    ``share``: of the length of all units' atoms, what the units shown hold on average.
    """
    most, signed = _most_active(problem, unit.shape), problem.signed
    if problem.by == "l0":
        least = share * (problem.least or 0.0)
        found = fewest_active(x, unit, least=least, k=most, beams=_BEAMS, signed=signed)
        return *found, np.full(len(x), np.nan, x.dtype)
    penalty = share * (problem.penalty or 0.0) if problem.by == "fista" else 0.0
    return pursue(x, unit, k=most, penalty=penalty, signed=signed)


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
    """Return the lasso whose penalty has the least error."""
    largest = _largest(x, atoms)
    problems = [
        Problem(by="fista", k=k, penalty=float(largest * share), signed=signed)
        for share in PENALTIES
    ]
    return _downhill(x, atoms, problems)


def choose_l0(x: np.ndarray, atoms: np.ndarray, *, signed: bool = False) -> Choice:
    """Return the codes of fewest latents that predict units not shown best (atoms of unit length).

    What a latent must explain at least is searched as the lasso's penalty is.
    """
    rows = validation_rows(x)
    largest = _largest(rows, atoms)
    problems = [Problem(by="l0", least=float(largest * share), signed=signed) for share in LEASTS]
    return _downhill(rows, atoms, problems)


def _largest(x: np.ndarray, atoms: np.ndarray) -> float:
    return float(np.median(np.max(np.abs(x @ atoms.T), axis=1)))


def _downhill(x: np.ndarray, atoms: np.ndarray, problems: list[Problem]) -> Choice:
    """Return the problem with the least error, going downhill from the first ones of the list."""
    best, error = downhill(lambda at: held_out_units(x, atoms, problems[at]), len(problems))
    return Choice(problem=problems[best], error=error)


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
    problem = replace(problem, k=problem.k or 1) if problem.by == "omp" else problem
    active, codes, _ = solved(np.ascontiguousarray(x[:, shown]), unit, problem, share)
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
