"""A rough dictionary made exact: lasso codes, least squares, and atoms that earn their place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid.sparse._alternate import code, improve
from unbraid.sparse._encoder import from_active
from unbraid.sparse._infer import Choice, Problem, choose_inference, held_out_units

_JUDGES = 600  # stimuli that judge how many atoms to keep
_POLISH_ROWS = 8000
_POLISH_TURNS = 3


@dataclass(frozen=True, eq=False)
class Draft:
    """Atoms of unit length, an offset, and how well they predict held-out units."""

    atoms: np.ndarray
    offset: np.ndarray
    choice: Choice

    @property
    def error(self) -> float:
        """Held-out-units error under the best inference."""
        return self.choice.error

    @property
    def penalty(self) -> float:
        """Lasso penalty."""
        return self.choice.problem.penalty or 0.0


def draft(judges: np.ndarray, atoms: np.ndarray, offset: np.ndarray) -> Draft:
    """Return a draft with the penalty that predicts held-out units of held-out stimuli best."""
    return Draft(atoms, offset, choose_inference(judges - offset, atoms, k=1, by="fista"))


def refine(
    x: np.ndarray,
    judges: np.ndarray,
    start: Draft,
    rng: np.random.Generator,
    *,
    cycles: int = 3,
    n_latents: int | None = None,
) -> Draft:
    """Return the best draft among the start's and those of each cycle of polish and prune.

    ``judges`` are stimuli that no atom was learned from: on those it was, more atoms and smaller
    penalties always look better. With ``n_latents`` the number kept is given.
    """
    now = best = start
    for _ in range(cycles):
        rows = x[rng.choice(len(x), min(len(x), _POLISH_ROWS), replace=False)]
        now = _polish(rows, now, _POLISH_TURNS)
        now = _polish(rows, prune(rows, judges, now, n_latents), 1)
        now = draft(judges, now.atoms, now.offset)
        if now.error < best.error or (n_latents is not None and len(best.atoms) != n_latents):
            best = now
    return best


def _polish(x: np.ndarray, now: Draft, turns: int) -> Draft:
    atoms, offset = now.atoms, now.offset
    for _ in range(turns):
        turn = code(x, atoms, offset, min(atoms.shape), penalty=now.penalty)
        atoms, offset, _ = improve(x, turn, atoms, offset, learn_offset=True)
    return replace(now, atoms=atoms, offset=offset)


def prune(x: np.ndarray, judges: np.ndarray, now: Draft, n_latents: int | None = None) -> Draft:
    """Return the draft with those atoms only that help to predict held-out units.

    Atoms are ranked by the energy of their codes, times the share of the atom that no two others
    explain (an atom that is the sum of two others is a composition, not a feature). How many stay
    is where the held-out-units error is least.
    """
    order = np.argsort(-_worth(x, now))
    if n_latents is not None:
        kept = np.sort(order[:n_latents])
        return replace(now, atoms=np.ascontiguousarray(now.atoms[kept]))
    judges = np.ascontiguousarray((judges - now.offset)[:_JUDGES])
    problem = Problem(by="fista", penalty=now.penalty)
    seen: dict[int, float] = {}

    def error(size: int) -> float:
        if size not in seen:
            atoms = np.ascontiguousarray(now.atoms[order[:size]])
            seen[size] = held_out_units(judges, atoms, problem)
        return seen[size]

    m = len(order)
    if not np.isfinite(error(m)):  # one unit, or stimuli that do not vary: nothing can judge
        return now
    sizes = sorted({max(1, round(m * share)) for share in (0.1, 0.2, 0.3, 0.4, 0.55, 0.7, 0.85, 1)})
    best = min(sizes, key=error)
    while True:
        at = sizes.index(best)
        low, high = sizes[max(0, at - 1)], sizes[min(len(sizes) - 1, at + 1)]
        sizes = sorted({*np.linspace(low, high, 6).round().astype(int).tolist(), best})
        best = min(sizes, key=error)
        if max(np.diff(sizes), default=1) <= max(1, m // 128):
            break
    best = min(size for size in seen if seen[size] <= seen[best] * 1.005 + 1e-4)
    return replace(now, atoms=np.ascontiguousarray(now.atoms[np.sort(order[:best])]))


def _worth(x: np.ndarray, now: Draft) -> np.ndarray:
    """Energy of each atom's codes times the squared share of it that no two others explain."""
    rows = x[:4000]
    turn = code(rows, now.atoms, now.offset, min(now.atoms.shape), penalty=now.penalty)
    z = from_active(turn.active, turn.codes, len(now.atoms))
    energy = np.bincount(
        z.indices, weights=z.data.astype(np.float64) ** 2, minlength=len(now.atoms)
    )
    return energy * unexplained_by_two(now.atoms)


def unexplained_by_two(atoms: np.ndarray) -> np.ndarray:
    """Squared norm of what the best non-negative pair of others, found greedily, leaves of each."""
    m = len(atoms)
    if m < 3:
        return np.ones(m)
    each = np.arange(m)
    gram = (atoms @ atoms.T).astype(np.float64)
    others = gram.copy()
    others[each, each] = -np.inf
    first = others.argmax(1)
    one = np.maximum(gram[each, first], 0)
    left = gram - one[:, None] * gram[first]
    left[each, each] = left[each, first] = -np.inf
    second = left.argmax(1)
    # least squares on the pair; where a weight is negative the first alone
    a, b, c = gram[each, first], gram[each, second], gram[first, second]
    det = np.maximum(1 - c**2, 1e-9)
    w1, w2 = (a - b * c) / det, (b - a * c) / det
    both = 1 - (w1 * a + w2 * b)
    alone = 1 - one**2
    return np.clip(np.where((w1 > 0) & (w2 > 0), both, alone), 0, 1)
