"""What is known of each latent: which systems it belongs to, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid.sharing.evidence._left_out import Gains, p_values, upper_ends
from unbraid.sharing.evidence._lengths import (
    PRESENT,
    Lengths,
    lying,
    shares_of,
    surely,
    surely_shorter,
)
from unbraid.sharing.evidence._typical import Presence

HARDLY = 0.04  # of a latent's largest length: below it, a dictionary is not exact
FEW = 10  # held-out stimuli on which a latent must be active
SHARED, UNDECIDED = "shared", "undecided"


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Count:
    """Latents of one kind: of the best dictionary, and how many they may be."""

    value: int
    """In the dictionary that predicts units left out best."""
    low: int
    """Least over seeds."""
    high: int
    """Most over seeds, and all undecided latents of the best dictionary: they may be of this kind.
    Of undecided latents themselves the most over seeds."""


@documented_answer
@dataclass(frozen=True, eq=False, kw_only=True)
class Latents:
    """The evidence for each of the m latents; S systems."""

    kind: tuple[str, ...]
    """(m,): ``shared``, a system's name followed by ``only``, or ``undecided``."""
    lies: np.ndarray
    """(m, S): which systems the latent lies in."""
    share: np.ndarray
    """(m, S): share of each system in the latent's squared length, held out; lengths in units of
    what a latent that the system has typically explains of it."""
    gain: np.ndarray
    """(m, S): squared error of left-out units that the latent saves, in shares of the variance."""
    gain_high: np.ndarray
    """(m, S): upper end of the interval of the gain."""
    p_system: np.ndarray
    """(m, S): p-value of the gain against wrong pairings."""
    p: np.ndarray
    """(m,): p-value of being shared, the largest over the systems that it lies in, or the two with
    the largest shares."""
    q: np.ndarray
    """(m,): the same after Benjamini and Hochberg."""
    active: np.ndarray
    """(m,): held-out stimuli on which it is active."""
    stability: np.ndarray
    """(m,): largest cosine with an atom of another seed, mean over seeds; NaN for one seed."""
    confounded: np.ndarray = field(default_factory=lambda: np.empty(0, bool))
    """(m,): whether its direction in some system is another latent's too, whose whole atom differs:
    a shared feature is then not distinguished from two that often come together. Empty in runs
    saved before this was asked."""
    faint: np.ndarray = field(default_factory=lambda: np.empty((0, 0), bool))
    """(m, S): whether a latent that lies elsewhere is surely in the system too, though shorter than
    a fifth: it has a twenty-fifth of its largest length at least, and a gain. Empty in runs saved
    before this was asked."""

    def count(self, names: Sequence[str]) -> dict[str, int]:
        """Return how many latents are of each kind that systems of these names can have."""
        kinds = [SHARED, *(f"{name} only" for name in names), UNDECIDED]
        kinds += sorted(set(self.kind) - set(kinds))
        return {kind: self.kind.count(kind) for kind in kinds}

    def delta(self) -> np.ndarray:
        """Return ``(1 + (|d_b| - |d_a|) / max(|d_a|, |d_b|)) / 2`` (m,) of two systems."""
        if self.share.shape[1] != 2:
            return np.full(len(self.share), np.nan)
        a, b = np.sqrt(self.share).T
        most = np.maximum(a, b)
        return np.where(most > 0, 0.5 * (1 + (b - a) / np.where(most > 0, most, 1)), np.nan)

    def effective(self) -> np.ndarray:
        """Return the effective number of systems (m,), ``exp(-sum q ln q)`` of the shares."""
        q = self.share
        entropy = -(q * np.log(np.where(q > 0, q, 1))).sum(axis=1)
        return np.exp(entropy)


def judged(
    names: tuple[str, ...],
    lengths: Sequence[Lengths],
    gains: Sequence[Gains],
    own_q: np.ndarray,
    reference: Presence,
    active: np.ndarray,
    *,
    confounded: np.ndarray,
    level: float,
    permutations: int,
    rng: np.random.Generator,
) -> Latents:
    """Return each latent's kind with its evidence; ``stability`` is not known yet.

    Lengths and gains are in units of what a latent that is in a system typically explains of it
    (``reference``). A latent lies in the systems where its atom has at least a fifth of its largest
    length (delta between .1 and .9 of two systems). It is *shared* by them if in each of them it
    predicts units left out better with the true pairing of stimuli than with wrong ones (false
    discovery rate ``level``), and better than nothing. It is of *one system only* if it predicts
    this one's units better than nothing would (``own_q``, the same rate), and if in every other its
    gain is surely smaller than its own, and not significant or below what a fifth of the length
    could give, and, where the pairing of stimuli matters for this other system at all, its atom is
    surely shorter than a fifth: absence needs power. All else is *undecided*, and so is a latent
    that is active on fewer than ten stimuli, and one of several systems that is ``confounded``.
    """
    relative = [each.divided(size) for each, size in zip(lengths, reference.size, strict=True)]
    shares = shares_of(relative)
    m, n_systems = shares.shape
    gain = np.column_stack([each.gain for each in gains])
    high = np.column_stack([upper_ends(each, level) for each in gains])
    p = np.column_stack([p_values(each, permutations, rng) for each in gains])
    known = np.isfinite(shares).all(axis=1) & (active >= FEW)
    lies = lying(relative) & known[:, None]
    shared_p = _shared_p(p, lies, shares)
    q = stats.benjamini_hochberg(shared_p)
    q_system = np.column_stack([stats.benjamini_hochberg(p[:, s]) for s in range(n_systems)])
    shorter = surely_shorter(relative)
    at_most, own_gains, short = high / reference.size, gain / reference.size, PRESENT**2
    kind = []
    for j in range(m):
        inside, outside = np.flatnonzero(lies[j]), np.flatnonzero(~lies[j])
        own = max(float(own_gains[j, inside].min(initial=np.inf)), 0.0)
        small = (q_system[j, outside] > level) | (at_most[j, outside] < short * own)
        small &= (at_most[j, outside] < own) & (shorter[j, outside] | ~reference.paired[outside])
        absent = bool(np.all(small & ~reference.blind[outside]))
        if not len(inside) or not (len(outside) == 0 or absent):
            kind.append(UNDECIDED)
        elif len(inside) == 1:
            certain = own_q[j, inside[0]] <= level
            kind.append(f"{names[int(inside[0])]} only" if certain else UNDECIDED)
        elif q[j] <= level and not confounded[j]:
            kind.append("+".join(names[int(s)] for s in inside) if len(outside) else SHARED)
        else:
            kind.append(UNDECIDED)
    return Latents(
        kind=tuple(kind),
        lies=lies,
        share=shares,
        gain=gain,
        gain_high=high,
        p_system=p,
        p=shared_p,
        q=q,
        active=active,
        confounded=confounded,
        faint=_faint(relative, own_q <= level, lies),
        stability=np.full(m, np.nan),
    )


def _faint(relative: Sequence[Lengths], gains: np.ndarray, lies: np.ndarray) -> np.ndarray:
    """Return in which systems (m, S) a latent that lies in others is, though hardly."""
    square = np.nan_to_num(np.column_stack([each.square for each in relative]))
    there = np.column_stack([surely(each) for each in relative])
    there &= square >= HARDLY**2 * square.max(axis=1, keepdims=True)
    return np.asarray(there & gains & ~lies & lies.any(axis=1, keepdims=True))


def stability(atoms: np.ndarray, others: Sequence[np.ndarray], signed: bool) -> np.ndarray:
    """Return the largest cosine (m,) with an atom of each other dictionary, mean over them."""
    if not others:
        return np.full(len(atoms), np.nan)

    def unit(rows: np.ndarray) -> np.ndarray:
        length = np.sqrt(np.square(rows, dtype=np.float64).sum(axis=1, keepdims=True))
        return np.asarray(rows / np.where(length > 0, length, 1))

    cosines = [unit(atoms) @ unit(other).T for other in others]
    best = [np.abs(each) if signed else each for each in cosines]
    return np.asarray(np.mean([each.max(axis=1) for each in best], axis=0))


def _shared_p(p: np.ndarray, lies: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the largest p-value over the systems that each latent lies in, at least two."""
    inside = lies.copy()
    order = np.argsort(-np.nan_to_num(shares, nan=-1.0), axis=1)[:, :2]
    np.put_along_axis(inside, order, True, axis=1)
    worst = np.where(inside, p, -1.0).max(axis=1)
    return np.where(np.isfinite(shares).all(axis=1), worst, np.nan)
