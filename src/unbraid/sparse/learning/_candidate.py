"""Atoms on their way to a dictionary, and how well they predict units that were held out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._infer import (
    Choice,
    choose_inference,
    held_out_units,
    validation_rows,
)
from unbraid.sparse.learning._importance import importance
from unbraid.sparse.learning._lasso_steps import LassoIterations

EXACT = 1e-3  # held-out-units error below which nothing else can matter
_SLACK = 0.05  # error, in shares of what an atom explains on average, that one atom less may cost
ALIKE, _SAME = 0.7, 0.9  # cosines: of two atoms one may be a mixture of the other; they are one
IMPORTANT = 0.15  # of the median importance: of doubled and made-up atoms less is usual
_IMPORTANCE_ROWS = 4000  # stimuli that tell an atom's importance


@dataclass(frozen=True, eq=False)
class Candidate:
    """Atoms of unit length, an offset, and how well they predict held-out units."""

    atoms: np.ndarray
    offset: np.ndarray
    choice: Choice
    learn_offset: bool = True
    """Whether the offset is learned or stays what it is."""

    @property
    def error(self) -> float:
        """Held-out-units error under the best inference."""
        return self.choice.error

    @property
    def penalty(self) -> float:
        """Lasso penalty."""
        return self.choice.problem.penalty or 0.0

    @property
    def signed(self) -> bool:
        """Whether codes may be negative."""
        return self.choice.problem.signed


def candidate(
    validation: np.ndarray, atoms: np.ndarray, offset: np.ndarray, signed: bool = False
) -> Candidate:
    """Return a candidate with the penalty that predicts held-out units of held-out stimuli best."""
    chosen = choose_inference(validation - offset, atoms, k=1, by="fista", signed=signed)
    return Candidate(atoms, offset, chosen, learn_offset=bool(offset.any()))


def error_of(candidate: Candidate) -> float:
    """Held-out-units error; infinite where one unit cannot be held out."""
    return candidate.error if candidate.error == candidate.error else float("inf")


def is_exact(candidate: Candidate) -> bool:
    """Whether hardly a tenth of what one atom explains on average is missed."""
    return error_of(candidate) <= min(EXACT, 0.1 / len(candidate.atoms))


def agreed(candidates: list[Candidate]) -> bool:
    """Whether another candidate has the atoms of the best: each close to one there, and as many."""
    best = min(candidates, key=error_of)
    others = [each for each in candidates if each is not best and each.signed == best.signed]
    return any(same_atoms(best.atoms, each.atoms) for each in others)


def same_atoms(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether there are as many of both, each close to one of the other."""
    if len(a) != len(b):
        return False
    close = np.abs(a @ b.T) >= _SAME
    return bool(close.any(0).all() and close.any(1).all())


def most_frugal(candidates: list[Candidate]) -> Candidate:
    """Return the candidate with the fewest atoms among those that predict as well as the best."""
    best = min(candidates, key=error_of)
    enough = 1.02 * error_of(best) + slack(error_of(best), len(best.atoms))
    good = [each for each in candidates if error_of(each) <= enough]
    return min(good, key=lambda each: (len(each.atoms), error_of(each)))


def slack(error: float, m: int) -> float:
    """Return the error that one atom less may cost: little beside what a feature explains."""
    return min(_SLACK / m, 0.1 * error + 1e-5)


def with_best_penalty(validation: np.ndarray, now: Candidate) -> Candidate:
    """Return the candidate with the penalty that predicts best now."""
    new = choose_inference(validation - now.offset, now.atoms, k=1, by="fista", signed=now.signed)
    return replace(now, choice=new)


def assessed(validation: np.ndarray, now: Candidate) -> Candidate:
    """Return the candidate with its error now, its penalty as it is."""
    rows = validation_rows(validation - now.offset)
    error = held_out_units(rows, now.atoms, now.choice.problem)
    return replace(now, choice=replace(now.choice, error=error))


def iterations_from(
    x: np.ndarray, now: Candidate, momentum: float = 0.0, kept: int = 0
) -> LassoIterations:
    """Return iterations that start from a candidate; the first ``kept`` atoms stay as they are."""
    return LassoIterations(x, now.atoms, now.offset, learn_offset=now.learn_offset,
                      signed=now.signed, momentum=momentum, kept=kept)  # fmt: skip


def polish(
    x: np.ndarray, now: Candidate, iterations: int, penalty: float | None = None
) -> Candidate:
    """Return the candidate after lasso codes, under its penalty or another, and regression."""
    penalty = now.penalty if penalty is None else penalty
    polished = iterations_from(x, now)
    for _ in range(iterations):
        polished.step(penalty)
    return replace(now, atoms=polished.atoms, offset=polished.offset)


def importance_of(x: np.ndarray, now: Candidate) -> np.ndarray:
    """Return the importance of each atom under the candidate's lasso codes of ``x``."""
    return importance(iterations_from(x, now).code(now.penalty), now.atoms, now.signed)


def quick_importance(x: np.ndarray, now: Candidate) -> np.ndarray:
    """Return the importance of each atom, from the first stimuli alone."""
    return importance_of(x[:_IMPORTANCE_ROWS], now)


def count_important(value: np.ndarray) -> int:
    """Count the atoms whose importance is a share of the median atom's at least."""
    return int(np.count_nonzero(value > IMPORTANT * np.median(value)))


def most_important(now: Candidate, value: np.ndarray, count: int) -> Candidate:
    """Return the candidate with its ``count`` most important atoms, or more.

    Of two similar atoms neither is important while the other is there: one of them stays.
    """
    stays = np.ones(len(now.atoms), bool)
    free = stays.copy()
    for atom in np.argsort(value, kind="stable"):
        if stays.sum() <= count:
            break
        if free[atom]:
            stays[atom] = False
            free &= np.abs(now.atoms @ now.atoms[atom]) < ALIKE
    return replace(now, atoms=now.atoms[stays])


def in_pairs(candidate: Candidate) -> bool:
    """Return whether atoms come in opposite pairs, as they do where codes should be signed.

    A tenth of the atoms is opposite to another (cosine below -.9); where units are not predicted
    well, for stimuli are few, roughly so (-.6): in few dimensions, any may be so by chance.
    """
    furthest = (candidate.atoms @ candidate.atoms.T).min(1)
    opposite = np.mean(furthest < -0.9) >= 0.1
    return bool(opposite or (candidate.error > 0.1 and np.mean(furthest < -0.6) >= 0.15))


def usual_active(x: np.ndarray, now: Candidate) -> float:
    """Return how many latents are usually active: lasso codes above a tenth of the largest."""
    size = np.abs(iterations_from(x, now).code(now.penalty).codes)
    return float((size > 0.1 * size.max(1, keepdims=True)).sum(1).mean())
