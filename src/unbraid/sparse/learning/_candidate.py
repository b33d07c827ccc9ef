"""Atoms on their way to a dictionary, and how well they predict units that were held out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse.inference._lasso_and_pursuit import (
    Choice,
    Problem,
    choose_inference,
    held_out_units,
)
from unbraid.sparse.learning._alternating import code
from unbraid.sparse.learning._importance import importance
from unbraid.sparse.learning._lasso_steps import LassoIterations

EXACT = 1e-3  # held-out-units error below which nothing else can matter
_SLACK = 0.05  # error, in shares of what an atom explains on average, that one atom less may cost
_ALIKE, _SAME = 0.7, 0.9  # cosines
_NOTHING_LACKS = 0.1  # error, in shares of what an atom explains on average
IMPORTANT = 0.15  # of the median importance
_IMPORTANCE_ROWS = 4000
_OPPOSITE = 0.9, 0.1  # cosine, and share of the atoms
_ROUGHLY = 0.6, 0.15  # the same, where the error is more than this:
_WELL = 0.1
_SMALL = 0.1  # codes below this share of their stimulus' largest count as noise


@dataclass(frozen=True, eq=False)
class Candidate:
    """Atoms of unit length, an offset, and how well they predict held-out units."""

    atoms: np.ndarray
    offset: np.ndarray
    choice: Choice
    k: int = 1
    """Active latents by which the atoms were last learned."""
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
    validation: np.ndarray, atoms: np.ndarray, offset: np.ndarray, k: int = 1, signed: bool = False
) -> Candidate:
    """Return a candidate with the penalty that predicts held-out units of held-out stimuli best."""
    chosen = choose_inference(validation - offset, atoms, k=k, by="fista", signed=signed)
    return Candidate(atoms, offset, chosen, k, learn_offset=bool(offset.any()))


def error_of(candidate: Candidate) -> float:
    """Held-out-units error; infinite where one unit cannot be held out."""
    return candidate.error if candidate.error == candidate.error else float("inf")


def is_exact(candidate: Candidate) -> bool:
    """Whether hardly a tenth of what one atom explains on average is missed."""
    return error_of(candidate) <= min(EXACT, _NOTHING_LACKS / len(candidate.atoms))


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
    new = choose_inference(
        validation - now.offset, now.atoms, k=now.k, by="fista", signed=now.signed
    )
    return replace(now, choice=new)


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
    coded = code(x, now.atoms, now.offset, min(now.atoms.shape), now.penalty, now.signed)
    return importance(coded, now.atoms, now.signed)


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
            free &= np.abs(now.atoms @ now.atoms[atom]) < _ALIKE
    return replace(now, atoms=now.atoms[stays])


def in_pairs(candidate: Candidate) -> bool:
    """Return whether atoms come in opposite pairs, as they do where codes should be signed.

    Where stimuli are few they are far from opposite; in few dimensions, any may be so by chance.
    """
    furthest = (candidate.atoms @ candidate.atoms.T).min(1)
    rules = [_OPPOSITE, _ROUGHLY] if candidate.error > _WELL else [_OPPOSITE]
    return any(np.mean(furthest < -cosine) >= share for cosine, share in rules)


def usual_active(validation: np.ndarray, now: Candidate) -> int:
    """Return how many latents are usually active: the larger of two estimates.

    By matching pursuit, the number that predicts held-out units best; by the lasso, the mean number
    of codes that are more than noise.
    """
    p, m = validation.shape[1], len(now.atoms)
    most = max(1, min(32, p // 2, m - 1))
    rows = np.ascontiguousarray((validation - now.offset)[:400])
    errors: list[float] = []
    for k in range(1, most + 1):
        problem = Problem(by="omp", k=k, signed=now.signed)
        errors.append(held_out_units(rows, now.atoms, problem))
        if len(errors) > 2 and errors[-1] > errors[-2] > errors[-3]:
            break
    enough = 1.1 * min(errors) + 0.01
    best = 1 + next((at for at, error in enumerate(errors) if error <= enough), 0)
    coded = code(validation, now.atoms, now.offset, min(p, m), now.penalty, now.signed)
    size = np.abs(np.where(coded.active >= 0, coded.codes, 0))
    shown = (size > _SMALL * size.max(1, keepdims=True)).sum(1).mean()
    return max(best, int(np.clip(round(float(shown)), 1, most)))
