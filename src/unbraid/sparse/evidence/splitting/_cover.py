"""Which latents of one dictionary cover a latent of another: chosen and measured apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

MOST_PARTS = 8  # of one latent: fits of more say little of each
LEAST_GAIN = 0.03  # of the variance that one more part must add: as SAEBench asks of F1
_TRIED = 12  # latents among which parts are chosen
_INSIDE = 0.5  # share of its own stimuli on which a part's whole must be active too
_PRODUCTS_HELD = 2**22  # products held at once


@dataclass(frozen=True, kw_only=True)
class Cover:
    """How a latent follows from those of the other dictionary, on stimuli that chose nothing."""

    best: int = -1
    """The one that follows it best on all stimuli, -1 where none does."""
    parts: tuple[int, ...] = ()
    """Those that together cover it: chosen on all stimuli, and in at least half of the folds."""
    chosen: tuple[tuple[int, ...], ...] = ()
    """Those chosen on the training stimuli of each fold; the first is the best there."""
    one: float = np.nan
    """Share of its variance that the best explains, held out."""
    one_se: float = np.nan
    several: float = np.nan
    """Share that those chosen explain together, held out."""
    several_se: float = np.nan
    gain_se: float = np.nan
    """Standard error of ``several - one``."""


@dataclass(frozen=True, eq=False)
class LatentColumns:
    """Codes by latent, with what every choice needs of each fold."""

    values: sp.csc_array
    folds: np.ndarray
    groups: np.ndarray
    signed: bool
    energy: np.ndarray
    """(folds, m) sums of squares."""
    count: np.ndarray
    """(folds, m) stimuli it is active on."""

    @classmethod
    def of(cls, codes: sp.csr_array, folds: np.ndarray, groups: np.ndarray) -> LatentColumns:
        """Return the columns of codes (n, m); ``groups`` number dependent stimuli."""
        values = sp.csc_array(codes).astype(np.float64)
        values.eliminate_zeros()
        values.sort_indices()
        fold_of = sp.csr_array(np.arange(folds.max() + 1)[:, None] == folds)
        return cls(
            values=values,
            folds=folds,
            groups=groups,
            signed=bool((values.data < 0).any()),
            energy=(fold_of @ values.power(2)).toarray(),
            count=(fold_of @ (values != 0).astype(np.float64)).toarray(),
        )

    def dense(self, latents: np.ndarray) -> np.ndarray:
        """Return some columns as an array (n, len(latents))."""
        found = np.zeros((self.values.shape[0], len(latents)))
        for place, latent in enumerate(latents):
            part = slice(self.values.indptr[latent], self.values.indptr[latent + 1])
            found[self.values.indices[part], place] = self.values.data[part]
        return found

    def column(self, latent: int) -> np.ndarray:
        """Return one column (n,)."""
        return self.dense(np.array([latent]))[:, 0]


def homes(of: LatentColumns, by: LatentColumns) -> np.ndarray:
    """Return for each latent of ``of`` the one of ``by`` that it follows best, -1 where none."""
    found = []
    length = np.sqrt(by.energy.sum(axis=0))
    step = max(1, _PRODUCTS_HELD // by.values.shape[1])
    for start in range(0, of.values.shape[1], step):
        cross = abs((of.values[:, start : start + step].T @ by.values).toarray())
        cross /= np.where(length > 0, length, np.inf)
        found.append(np.where(cross.max(axis=1) > 0, cross.argmax(axis=1), -1))
    return np.concatenate(found)


def covers(of: LatentColumns, by: LatentColumns, latents: np.ndarray) -> Iterator[Cover]:
    """Yield a cover of each of these latents of ``of`` by latents of ``by``, in order."""
    n_folds = len(of.energy)
    rows = [np.flatnonzero(of.folds == fold) for fold in range(n_folds)]
    others = [by.values[part] for part in rows]
    active = [(part != 0).astype(np.float64) for part in others]
    step = max(1, _PRODUCTS_HELD // (by.values.shape[1] * n_folds))
    for start in range(0, len(latents), step):
        now = latents[start : start + step]
        block = of.values[:, now]
        here = [block[part] for part in rows]
        fires = [(t != 0).astype(np.float64) for t in here]
        cross = np.stack([(t.T @ o).toarray() for t, o in zip(here, others, strict=True)])
        both = np.stack([(t.T @ o).toarray() for t, o in zip(fires, active, strict=True)])
        for place, latent in enumerate(now):
            yield _cover(of, by, int(latent), cross[:, place], both[:, place])


def _cover(
    of: LatentColumns, by: LatentColumns, latent: int, cross: np.ndarray, both: np.ndarray
) -> Cover:
    sums = cross, both, by.energy, by.count
    tried = _tried(*(each.sum(axis=0) for each in sums))
    if not len(tried):
        return Cover(one=0.0, several=0.0, one_se=0.0, several_se=0.0, gain_se=0.0)
    sets = [_tried(*(each.sum(axis=0) - each[fold] for each in sums)) for fold in range(len(cross))]
    candidates = np.unique(np.concatenate([tried, *sets]))
    dense = np.column_stack([by.dense(candidates), of.column(latent)])
    rows = np.flatnonzero(dense.any(axis=1))  # all others are guessed rightly, as 0
    dense, fold_of = dense[rows], of.folds[rows]
    grams = np.stack([dense[part].T @ dense[part] for part in
                      (fold_of == fold for fold in range(len(cross)))])  # fmt: skip
    signed = of.signed or by.signed
    one, several = np.zeros(len(rows)), np.zeros(len(rows))
    chosen = []
    for fold, allowed in enumerate(sets):
        gram = grams.sum(axis=0) - grams[fold]
        picked, weights = _greedy(gram, np.searchsorted(candidates, allowed), signed)
        chosen.append(tuple(candidates[picked].tolist()))
        if picked:
            test = dense[fold_of == fold]
            alone = _weights(gram[picked[:1], :][:, picked[:1]], gram[picked[:1], -1], signed)
            one[fold_of == fold] = test[:, picked[:1]] @ alone
            several[fold_of == fold] = test[:, picked] @ weights
    whole = _greedy(grams.sum(axis=0), np.searchsorted(candidates, tried), signed)[0]
    often = [i for i in candidates[whole].tolist()
             if 2 * sum(i in each for each in chosen) >= len(chosen)]  # fmt: skip
    target, groups, n = dense[:, -1], of.groups[rows], len(of.folds)
    share, of_one = _explained(target, one, groups, n)
    shares, of_several = _explained(target, several, groups, n)
    return Cover(
        best=int(candidates[whole[0]]) if whole else -1,
        parts=tuple(often),
        chosen=tuple(chosen),
        one=share,
        one_se=_se(of_one),
        several=shares,
        several_se=_se(of_several),
        gain_se=_se(of_several - of_one),
    )


def _tried(
    cross: np.ndarray, both: np.ndarray, energy: np.ndarray, count: np.ndarray
) -> np.ndarray:
    """Return the latents among which parts are chosen, the best of all first."""
    length = np.sqrt(np.where(energy > 0, energy, np.inf))
    follows = np.abs(cross) / length
    inside = both / np.where(count > 0, count, np.inf) > _INSIDE
    best = int(follows.argmax())
    if not follows[best] > 0:
        return np.empty(0, dtype=np.intp)
    follows[best] = -1.0
    within = np.flatnonzero(inside & (follows > 0))
    within = within[np.argsort(-follows[within], kind="stable")[: _TRIED - 1]]
    return np.concatenate([[best], within])


def _greedy(moments: np.ndarray, allowed: np.ndarray, signed: bool) -> tuple[list[int], np.ndarray]:
    """Return columns that explain the last one, each adding most of what is left, with weights.

    ``moments``: products of all columns, summed over stimuli.
    """
    gram, cross, energy = moments[:-1, :-1], moments[:-1, -1], float(moments[-1, -1])
    power = gram.diagonal()
    allowed = allowed[power[allowed] > 0]
    picked: list[int] = []
    weights, error = np.empty(0), energy
    while len(picked) < min(MOST_PARTS, len(allowed)):
        left = cross[allowed] - gram[allowed][:, picked] @ weights
        reach = (np.abs(left) if signed else left) / np.sqrt(power[allowed])
        reach[np.isin(allowed, picked)] = -np.inf
        trial = [*picked, int(allowed[reach.argmax()])]
        own = gram[trial][:, trial]
        found = _weights(own, cross[trial], signed)
        now = energy - float(found @ (2 * cross[trial] - own @ found))
        if picked and error - now < LEAST_GAIN * energy:
            break
        picked, weights, error = trial, found, now
    return picked, weights


def _weights(gram: np.ndarray, cross: np.ndarray, signed: bool) -> np.ndarray:
    """Return least-squares weights, at least 0 where codes have no sign."""
    size = np.sqrt(gram.diagonal())
    unit = gram / np.outer(size, size) + 1e-9 * np.eye(len(gram))  # of two alike, each has half
    found = np.linalg.solve(unit, cross / size) / size
    if signed or (found >= 0).all():
        return found
    from scipy.optimize import nnls

    root = np.linalg.cholesky(unit)
    return np.asarray(nnls(root.T, np.linalg.solve(root, cross / size))[0] / size)


def _explained(
    target: np.ndarray, guess: np.ndarray, groups: np.ndarray, n: int
) -> tuple[float, np.ndarray]:
    """Return the share of the variance explained, and what each group of stimuli adds to it.

    ``n``: stimuli, those included on which both are 0 and that are not among the rows.
    """
    mean = target.sum() / n
    about, error = (target - mean) ** 2, (target - guess) ** 2
    total = float(about.sum() + (n - len(target)) * mean**2)
    if total <= 0:
        return np.nan, np.full(1, np.nan)
    share = 1 - float(error.sum()) / total
    return share, np.bincount(groups, ((1 - share) * about - error) / total)


def _se(influence: np.ndarray) -> float:
    return float(np.sqrt(np.square(influence).sum()))
