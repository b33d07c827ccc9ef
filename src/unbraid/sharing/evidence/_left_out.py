"""What each latent tells about units left out: with the true pairing of stimuli and wrong ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import stdtr, stdtrit

from unbraid import stats
from unbraid._progress import Progress
from unbraid.sharing.evidence._lengths import Lengths, over_groups, squared_lengths
from unbraid.sharing.evidence._pairings import Pairings
from unbraid.sharing.learning._infer import Coder, hidden_masks

_BYTES = 2.0**27  # of drawn pairings held at once


@dataclass(frozen=True, eq=False, kw_only=True)
class Gains:
    """What latents explain of the units left out of one system, a block of stimuli at a time."""

    saved: np.ndarray
    """(blocks, m): squared error that each latent saves, in shares of the system's variance."""
    told: np.ndarray
    """(R, blocks, m): what each latent tells by itself, in the same shares, for each pairing."""
    missed: np.ndarray
    """(R, blocks): squared error, in shares of the same; sums to 1 - R2 over blocks."""
    length: Lengths
    """Of each latent's direction in the system, in the units of ``x``."""
    rotates: bool

    @property
    def gain(self) -> np.ndarray:
        """What each latent saves in all (m,), with the true pairing."""
        return np.asarray(self.saved.sum(axis=0))

    @property
    def r2(self) -> float:
        """R2 of the units left out, with the true pairing."""
        return 1 - float(self.missed[0].sum())

    @property
    def wrong_r2(self) -> float:
        """Mean R2 of wrong pairings."""
        return 1 - float(self.missed[1:].sum(axis=1).mean())

    @property
    def error(self) -> np.ndarray:
        """Standard error of each latent's gain (m,), over blocks."""
        return _sum_error(self.saved)


def gains_of(
    x: np.ndarray,
    coder: Coder,
    sizes: tuple[int, ...],
    system: int,
    pairs: Pairings,
    tell: Progress,
) -> Gains:
    """Return the gains in one system's left-out units; a single unit is left out whole.

    Codes are inferred from the other systems and the rest of this one. A latent's *gain* is the
    squared error that its part of the prediction saves: ``sum_n |r + f d|^2 - |r|^2`` over left-out
    units, ``r`` the residual, ``f`` the code, ``d`` the atom there. What it tells *by itself*,
    ``sum_n |y|^2 - |y - f d|^2`` with ``y`` the responses less the offset, is what true and wrong
    pairings are compared by: codes of wrong pairings are large and cancel each other, so that each
    of them seems to save much.
    """
    own = np.repeat(np.arange(len(sizes)), sizes) == system
    masks = hidden_masks(sizes)[system] or [own]
    centred = x[:, own] - x[:, own].mean(axis=0)
    total = float(np.square(centred, dtype=np.float64).sum()) or 1.0
    n, m = len(x), len(coder.atoms)
    steps = len(pairs.partner)
    saved = np.zeros((pairs.n_blocks, m))
    told = np.zeros((steps, pairs.n_blocks, m))
    missed = np.zeros((steps, pairs.n_blocks))
    lengths = []
    for step, partner in enumerate(pairs.partner):
        tell("units left out", step / steps)
        seen = x if step == 0 else np.where(own, x, x[partner])
        by_itself, wrong = np.zeros((n, m)), np.zeros(n)
        gained = np.zeros((n, m)) if step == 0 else None
        for mask in masks:
            codes = coder.codes(seen, ~mask)
            atoms = coder.atoms[:, mask].astype(np.float64)
            target = seen[:, mask] - coder.offset[mask]
            left = target - codes @ atoms
            wrong += np.square(left).sum(axis=1)
            _add(codes, atoms, target, -1, by_itself)
            if gained is not None:
                _add(codes, atoms, left, 1, gained)
                lengths.append(squared_lengths(codes, left, atoms, pairs.block))
        np.add.at(told[step], pairs.block, by_itself / total)
        np.add.at(missed[step], pairs.block, wrong / total)
        if gained is not None:
            np.add.at(saved, pairs.block, gained / total)
    return Gains(
        saved=saved,
        told=told,
        missed=missed,
        length=over_groups(lengths),
        rotates=pairs.rotates,
    )


def _add(codes: Any, atoms: np.ndarray, y: np.ndarray, sign: int, out: np.ndarray) -> None:
    """Add ``2 f d y + sign f^2 d^2`` of each code to ``out (n, m)``."""
    rows = np.repeat(np.arange(len(y)), np.diff(codes.indptr))
    latent, value = codes.indices, codes.data.astype(np.float64)
    product = np.einsum("ij,ij->i", y[rows], atoms[latent])
    square = np.square(atoms).sum(axis=1)[latent]
    out[rows, latent] += 2 * value * product + sign * value**2 * square


def p_values(found: Gains, permutations: int, rng: np.random.Generator) -> np.ndarray:
    """Return the p-value of each latent (m,) against wrong pairings.

    A latent must tell more by itself than with wrong pairings, and gain more than nothing: the
    larger of the permutation p-value and that of Student's t over blocks is given. 1 for a latent
    never active.
    """
    observed = found.told[0].sum(axis=0)
    wrong = drawn_sums(found.told, found.rotates, permutations, rng)
    slack = 1e-12 * np.maximum(1.0, np.abs(observed))
    count = (wrong >= observed - slack).sum(axis=0)
    permuted = (1 + count) / (1 + len(wrong))
    return np.maximum(permuted, gain_p(found))


def gain_p(found: Gains) -> np.ndarray:
    """Return the p-value (m,) of each latent's gain against none, over blocks."""
    error = found.error
    t = np.divide(found.gain, error, out=np.zeros_like(error), where=error > 0)
    return np.where(error > 0, stdtr(len(found.saved) - 1, -t), 1.0)


def contrast_p(found: Gains, permutations: int, rng: np.random.Generator) -> float:
    """Return the p-value of the R2 of the true pairing against wrong pairings."""
    wrong = drawn_sums(-found.missed[:, :, None], found.rotates, permutations, rng)[:, 0]
    return stats.permutation_p(-float(found.missed[0].sum()), wrong)


def drawn_sums(
    table: np.ndarray, rotates: bool, permutations: int, rng: np.random.Generator
) -> np.ndarray:
    """Return sums over blocks (draws, m) of a table (R, blocks, m) under drawn pairings."""
    if rotates:
        return np.asarray(table[1:].sum(axis=1))
    steps, blocks, m = table.shape
    flat = np.ascontiguousarray(table.transpose(1, 0, 2).reshape(blocks * steps, m))
    sums = np.empty((permutations, m))
    batch = max(1, int(_BYTES / (8 * blocks * steps)))
    for start in range(0, permutations, batch):
        stop = min(start + batch, permutations)
        chosen = rng.integers(steps, size=(stop - start, blocks)) + steps * np.arange(blocks)
        picked = np.zeros((stop - start, blocks * steps))
        np.put_along_axis(picked, chosen, 1.0, axis=1)
        sums[start:stop] = picked @ flat
    return sums


def interval_of(values: np.ndarray, level: float) -> tuple[float, float]:
    """Return Student's interval of the sum of independent block values, of level ``1 - level``."""
    total, error = float(values.sum()), float(_sum_error(values[:, None])[0])
    reach = float(_t(len(values), level)) * error
    return total - reach, total + reach


def upper_ends(found: Gains, level: float) -> np.ndarray:
    """Return the upper ends (m,) of the intervals of the latents' gains."""
    return found.gain + _t(len(found.saved), level) * found.error


def _t(blocks: int, level: float) -> Any:
    return stdtrit(max(blocks - 1, 1), 1 - level / 2)


def _sum_error(values: np.ndarray) -> np.ndarray:
    """Return the standard error (m,) of sums over blocks (blocks, m)."""
    blocks = len(values)
    if blocks < 2:
        return np.full(values.shape[1], np.inf)
    return np.asarray(np.sqrt(blocks * values.var(axis=0, ddof=1)))
