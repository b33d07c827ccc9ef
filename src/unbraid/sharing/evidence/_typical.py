"""How much of a system a latent that it has typically explains: what absence is judged against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unbraid.sharing.evidence._lengths import Lengths, surely


@dataclass(frozen=True, eq=False, kw_only=True)
class Presence:
    """What a latent that is present would explain of each system.

    Systems have power 1, of which noise and the number of features leave a different share to one
    feature. A latent's lengths and gains in two systems are compared in units of what a latent that
    is certainly there explains.
    """

    size: np.ndarray
    """(S,): typical share of the variance; that of the other systems where none is known."""
    paired: np.ndarray
    """(S,): whether the pairing of stimuli matters for it."""
    blind: np.ndarray
    """(S,): whether absence cannot be shown."""


def reference_of(
    lengths: Sequence[Lengths],
    spread: np.ndarray,
    certain: np.ndarray,
    paired: Sequence[bool],
    hidden: Sequence[bool],
) -> Presence:
    """Return the references of the systems.

    The typical share is the mean of ``c = |d|^2 var(f)`` over the latents that surely lie in the
    system, weighted by ``c``. Absence cannot be shown in a system of which no latent is sure though
    the pairing of stimuli matters for it (``paired``), and in one whose variance a few units hold
    (``hidden``).

    Parameters
    ----------
    lengths : sequence of Lengths
        Of each system.
    spread : array (m,)
        Variance of each latent's codes.
    certain : array (m, S)
        Whether each latent gains something in each system; False where it was not tested.
    paired, hidden : sequences of bool
        Of each system.
    """
    size = np.full(len(lengths), np.nan)
    for s, each in enumerate(lengths):
        there = surely(each) & certain[:, s] & np.isfinite(each.square)
        share = np.where(there, np.nan_to_num(each.square) * spread, 0)
        if share.sum() > 0:
            size[s] = np.square(share).sum() / share.sum()
    known = np.isfinite(size)
    filled = np.where(known, size, size[known].mean() if known.any() else 1.0)
    matters = np.asarray(paired, bool)
    blind = (~known & matters) | np.asarray(hidden, bool)
    return Presence(size=filled, paired=matters, blind=blind)
