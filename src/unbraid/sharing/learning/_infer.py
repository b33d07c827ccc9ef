"""Codes from any part of the units, and the inference that predicts the units left out best."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import scipy.sparse as sp

from unbraid.errors import InputError
from unbraid.sparse import Encoder
from unbraid.sparse.inference._downhill import downhill
from unbraid.sparse.inference._infer import LEASTS, PENALTIES, Problem, solved
from unbraid.sparse.learning._l0_refine import L0_PAYS
from unbraid.sparse.learning._refine import MANY

_MOST_ACTIVE = 16  # latents per stimulus tried in matching pursuit
_HIDDEN = 1e-3  # share of an atom's length below which units do not show it
_ROWS = 400  # stimuli that choose: each of many penalties is tried on all of them
_WORSE = 3  # steps without gain after which a search ends


@dataclass(frozen=True, kw_only=True, eq=False)
class Coder:
    """Joint atoms (m, P) in scaled units, and how codes are inferred from some of the units."""

    atoms: np.ndarray
    offset: np.ndarray
    by: Literal["fista", "omp"] = "fista"
    penalty: float = 0.0
    """Of the lasso, for atoms of unit length and all units shown."""
    k: int = 1
    signed: bool = False
    power: np.ndarray
    """(P,): share of each unit in the mean squared size of all."""
    floor: float = 0.0
    """Size ``|z_j| |a_j|`` up to which a code of all units counts as none."""
    least: float | None = None
    """What a latent must explain where all units are given and ``l0`` predicts units left out
    better; None where it does not. Evidence never rests on it: of rows that belong to different
    stimuli its codes explain noise, and would make every contrast large."""
    encoder: Encoder | None = None
    """The method's own, for all units; None where it has none."""
    tells_alone: bool = False
    """Whether the encoder's part of each system tells the code by itself."""

    def floored(self, codes: sp.csr_array) -> sp.csr_array:
        """Return codes with exact zeros where they add no more than the floor."""
        small = np.abs(codes.data) * _lengths(self.atoms)[codes.indices] <= self.floor
        kept = codes.copy()
        kept.data[small] = 0
        kept.eliminate_zeros()
        return kept

    def encoded(self, x: np.ndarray, observed: np.ndarray, sizes: tuple[int, ...]) -> sp.csr_array:
        """Return codes (n, m) by the method's own encoder, from the systems of a mask (S,).

        An encoder that each system's part tells by itself takes the mean of their scores.
        """
        if self.encoder is None:
            raise InputError('by="encoder" needs a method with an encoder; leave it out.')
        if not observed.all() and not self.tells_alone:
            raise InputError(
                'by="encoder" needs the responses of all systems: the encoder of this method tells '
                "the code from all of them together. Leave it out to infer codes from some."
            )
        shown = np.repeat(observed, sizes)
        weights = self.encoder.weights * (len(sizes) / observed.sum())
        h = np.where(shown, x - self.offset, 0).astype(weights.dtype, copy=False)
        return replace(self.encoder, weights=weights)(h, self.atoms)

    def codes(self, x: np.ndarray, shown: np.ndarray | None = None) -> sp.csr_array:
        """Return codes (n, m) inferred from the units of a mask (P,), all by default.

        Atoms are brought to unit length over the units shown, so that units that were not given do
        not shrink a latent; the penalty is proportional to the root of the power that they hold.
        """
        problem = Problem(by=self.by, k=self.k, penalty=self.penalty, signed=self.signed)
        return self._solved(x, shown, problem)

    def fewest(self, x: np.ndarray, shown: np.ndarray | None = None) -> sp.csr_array:
        """Return codes (n, m) of the fewest latents, each of which explains ``least``."""
        return self._solved(x, shown, Problem(by="l0", least=self.least, signed=self.signed))

    def inferred(self, x: np.ndarray, shown: np.ndarray) -> sp.csr_array:
        """Return the codes (n, m) to give back, from the units of a mask (P,)."""
        if self.how(bool(shown.all())) == "l0":
            return self.fewest(x)
        return self.floored(self.codes(x, shown))

    def how(self, all_given: bool) -> str:
        """Return the inference of the codes to give back: ``l0`` needs all systems."""
        return "l0" if all_given and self.least is not None else self.by

    def _solved(self, x: np.ndarray, shown: np.ndarray | None, problem: Problem) -> sp.csr_array:
        """Return codes (n, m) of atoms that are of unit length over the units shown."""
        mask = np.ones(len(self.offset), bool) if shown is None else shown
        part = np.ascontiguousarray(self.atoms[:, mask])
        length = _lengths(part)
        unit = part / np.where(length > 0, length, 1)[:, None].astype(part.dtype)
        unit[length < _HIDDEN * _lengths(self.atoms)] = 0
        target = np.ascontiguousarray(x[:, mask] - self.offset[mask], part.dtype)
        whole = self.power.sum()
        share = float(np.sqrt(self.power[mask].sum() / whole)) if whole > 0 else 1.0
        active, codes, _ = solved(target, unit, problem, share)
        return _csr(active, codes, length)


def left_out_groups(size: int) -> list[np.ndarray]:
    """Return masks of a system's units, each unit left out in one: a quarter of them at a time.

    An eighth of fewer than 32, one by one of fewer than 8; none of a system of one unit, from which
    nothing can be left out.
    """
    if size < 2:
        return []
    count = min(size, 4 if size >= 32 else 8)
    group = np.random.default_rng(size).permutation(size) % count
    return [group == number for number in range(count)]


def hidden_masks(sizes: tuple[int, ...]) -> list[list[np.ndarray]]:
    """Return, for each system, masks over all columns (P,) of its units that are left out."""
    masks, start = [], 0
    for size in sizes:
        found = []
        for group in left_out_groups(size):
            mask = np.zeros(sum(sizes), bool)
            mask[start : start + size] = group
            found.append(mask)
        masks.append(found)
        start += size
    return masks


def left_out_errors(x: np.ndarray, coder: Coder, sizes: tuple[int, ...]) -> np.ndarray:
    """Return the squared error (S,) at units left out, in shares of each system's variance.

    NaN for a system of one unit.
    """
    errors = []
    for masks, columns in zip(hidden_masks(sizes), _columns(sizes), strict=True):
        total = float(np.square(x[:, columns] - x[:, columns].mean(0), dtype=np.float64).sum())
        wrong = 0.0
        for mask in masks:
            infer = coder.codes if coder.least is None else coder.fewest
            guess = infer(x, ~mask) @ coder.atoms[:, mask] + coder.offset[mask]
            wrong += float(np.square(x[:, mask] - guess, dtype=np.float64).sum())
        errors.append(wrong / total if masks and total > 0 else np.nan)
    return np.array(errors)


def left_out_error(x: np.ndarray, coder: Coder, sizes: tuple[int, ...]) -> float:
    """Return the mean of ``left_out_errors`` over systems; NaN where no system has two units."""
    errors = left_out_errors(x, coder, sizes)
    errors = errors[np.isfinite(errors)]
    return float(errors.mean()) if len(errors) else float("nan")


def chosen_coder(x: np.ndarray, coder: Coder, sizes: tuple[int, ...]) -> Coder:
    """Return the inference that predicts units left out best.

    The lasso's penalty, the number of active latents of matching pursuit, and what a latent of
    ``l0`` must explain are searched downhill, on 400 stimuli at most. Where no unit can be left
    out, the lasso with a small penalty is taken.
    """
    rows = judging_rows(x)
    target = rows - coder.offset
    unit = coder.atoms / np.maximum(_lengths(coder.atoms), 1e-30)[:, None].astype(coder.atoms.dtype)
    correlation = target @ unit.T
    largest = float(np.median(np.abs(correlation).max(axis=1))) or 1.0
    lasso = [replace(coder, by="fista", penalty=largest * float(p)) for p in PENALTIES]
    most = max(1, min(_MOST_ACTIVE, len(coder.atoms) - 1, x.shape[1] // 2))
    greedy = [replace(coder, by="omp", k=k) for k in range(1, most + 1)]
    best, least = _downhill(rows, lasso, sizes)
    if not np.isfinite(least):
        return replace(lasso[-3], k=most)
    errors: list[float] = []
    for each in greedy:
        errors.append(left_out_error(rows, each, sizes))
        if len(errors) > _WORSE and min(errors[-_WORSE:]) > min(errors):
            break
    k = int(np.argmin(errors))
    found = replace(best, k=k + 1)
    if errors[k] < least:
        found, least = replace(greedy[k], penalty=best.penalty), errors[k]
    if len(unit) > MANY:
        return found
    fewest = [replace(found, least=largest * float(share)) for share in LEASTS]
    best, error = _downhill(rows, fewest, sizes)
    return best if error < L0_PAYS * least else found


def _downhill(x: np.ndarray, coders: list[Coder], sizes: tuple[int, ...]) -> tuple[Coder, float]:
    """Return the coder of the least error, going downhill from the first ones of a list."""
    best, error = downhill(lambda at: left_out_error(x, coders[at], sizes), len(coders))
    return coders[best], error


def judging_rows(x: np.ndarray) -> np.ndarray:
    """Return 400 stimuli at most, evenly spaced."""
    return x[:: max(1, -(-len(x) // _ROWS))]


def power_of(x: np.ndarray) -> np.ndarray:
    """Return each column's share of the mean squared size about the mean (P,)."""
    power = np.square(x - x.mean(axis=0), dtype=np.float64).mean(axis=0)
    return power / power.sum()


def _columns(sizes: tuple[int, ...]) -> list[slice]:
    ends = np.concatenate([[0], np.cumsum(sizes)])
    return [slice(int(a), int(b)) for a, b in zip(ends[:-1], ends[1:], strict=True)]


def _lengths(atoms: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(atoms, dtype=np.float64).sum(axis=1))


def _csr(active: np.ndarray, codes: np.ndarray, length: np.ndarray) -> sp.csr_array:
    """Return codes (n, m) of atoms with their own lengths, columns of a row in order."""
    used = (active >= 0) & (codes != 0)
    columns = active[used]
    rows = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
    data = (codes[used] / length[columns]).astype(codes.dtype)
    found = sp.csr_array((data, columns, rows), shape=(len(active), len(length)))
    found.sort_indices()
    return found
