"""The evidence for one joint dictionary, from stimuli that it was not learned from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import stats
from unbraid._documented import documented_answer
from unbraid._progress import Progress, part
from unbraid.sharing.evidence._confounded import confounded
from unbraid.sharing.evidence._latents import FEW, Latents, judged
from unbraid.sharing.evidence._left_out import (
    Gains,
    contrast_p,
    gain_p,
    gains_of,
    interval_of,
)
from unbraid.sharing.evidence._pairings import Pairings
from unbraid.sharing.evidence._typical import reference_of
from unbraid.sharing.learning._learn import LearnedTogether
from unbraid.sharing.systems._stack import Systems


@documented_answer
@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """How well one system's units that were left out are predicted."""

    system: str
    """Its name."""
    r2: float
    """R2 with the true pairing; may be below 0 though the pairing is real. NaN: one unit only."""
    wrong_r2: float
    """Mean R2 with wrong pairings."""
    contrast: float
    """The difference, which is the evidence of sharing."""
    low: float
    """Lower end of the interval of the contrast."""
    high: float
    """Upper end of the interval of the contrast."""
    p: float
    """P-value of the contrast: of no pairing."""
    reason: str = ""
    """Why there is no number."""


@documented_answer
@dataclass(frozen=True, kw_only=True)
class Contrast:
    """Leave-units-out R2 with the true pairing of stimuli less that with wrong ones."""

    value: float
    """Mean over the systems that have a score."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    p: float
    """Of no pairing at all: the smallest over systems, times their number."""
    systems: tuple[LeftOut, ...]
    """The same for each system."""


@dataclass(frozen=True, eq=False, kw_only=True)
class JointEvidence:
    """What held-out stimuli say of one dictionary."""

    latents: Latents
    codes: sp.csr_array
    """Of the held-out stimuli, inferred from all units."""
    contrast: Contrast
    variance: np.ndarray
    """(S,): variance of held-out stimuli explained by the code of all units. No evidence."""
    carried: np.ndarray
    """(S,): share of the explained variance that latents called shared carry."""
    l0: float
    active_in: np.ndarray
    """(S,): mean number of active latents that lie in each system."""
    alive_in: np.ndarray
    """(S,): number of latents that lie in each system and are active."""


def evidence_of(
    held: Systems,
    learned: LearnedTogether,
    pairs: Pairings,
    *,
    hidden: Sequence[bool],
    level: float,
    permutations: int,
    rng: np.random.Generator,
    tell: Progress,
) -> JointEvidence:
    """Return the evidence on held-out stimuli; ``pairs`` are its true and wrong pairings.

    ``hidden``: systems (S,) in which a few units hold so much that absence cannot be shown.
    """
    x = learned.scale.apply(held.values).astype(learned.coder.atoms.dtype, copy=False)
    coder, sizes = learned.coder, held.sizes
    n_systems = len(sizes)
    gains = [
        gains_of(x, coder, sizes, s, pairs, part(tell, s / n_systems, (s + 1) / n_systems))
        for s in range(n_systems)
    ]
    codes = coder.floored(coder.codes(x))
    active = np.bincount(codes.indices, minlength=codes.shape[1])
    weights = [float(learned.scale.weight[held.columns(s)][0]) for s in range(n_systems)]
    lengths = [each.length.divided(w**2) for each, w in zip(gains, weights, strict=True)]
    p = [contrast_p(each, permutations, rng) for each in gains]
    own_q = np.column_stack([stats.benjamini_hochberg(gain_p(each)) for each in gains])
    reference = reference_of(
        lengths, _spread(codes), own_q <= level, [each <= level for each in p], hidden
    )
    size = np.repeat(np.sqrt(reference.size) * weights, sizes)
    latents = judged(
        held.names,
        lengths,
        gains,
        own_q,
        reference,
        active,
        confounded=confounded(coder.atoms / size, sizes, active >= FEW),
        level=level,
        permutations=permutations,
        rng=rng,
    )
    lies = latents.lies
    return JointEvidence(
        latents=latents,
        codes=codes,
        contrast=_contrast(held.names, sizes, gains, p, level),
        variance=_explained(x, codes, coder.atoms, coder.offset, held),
        carried=_carried(codes, coder.atoms, latents.kind, held),
        l0=float(len(codes.data) / len(x)),
        active_in=np.array([active[lies[:, s]].sum() / len(x) for s in range(n_systems)]),
        alive_in=lies.sum(axis=0),
    )


def _contrast(
    names: Sequence[str],
    sizes: Sequence[int],
    gains: Sequence[Gains],
    p: Sequence[float],
    level: float,
) -> Contrast:
    systems, blocks = [], []
    for name, size, found, own_p in zip(names, sizes, gains, p, strict=True):
        if size < 2:
            nothing = dict.fromkeys(("r2", "wrong_r2", "contrast", "low", "high", "p"), np.nan)
            reason = "one unit: none can be left out"
            systems.append(LeftOut(system=name, reason=reason, **nothing))
            continue
        steps = found.missed[1:].mean(axis=0) - found.missed[0]
        low, high = interval_of(steps, level)
        systems.append(
            LeftOut(
                system=name,
                r2=found.r2,
                wrong_r2=found.wrong_r2,
                contrast=found.r2 - found.wrong_r2,
                low=low,
                high=high,
                p=own_p,
            )
        )
        blocks.append(steps)
    if not blocks:
        return Contrast(value=np.nan, low=np.nan, high=np.nan, p=np.nan, systems=tuple(systems))
    mean = np.mean(blocks, axis=0)
    low, high = interval_of(mean, level)
    least = min(each.p for each in systems if np.isfinite(each.p))
    p = min(1.0, len(blocks) * least)
    return Contrast(value=float(mean.sum()), low=low, high=high, p=p, systems=tuple(systems))


def _explained(
    x: np.ndarray, codes: Any, atoms: np.ndarray, offset: np.ndarray, held: Systems
) -> np.ndarray:
    left = np.square(x - offset - codes @ atoms, dtype=np.float64)
    total = np.square(x - x.mean(axis=0), dtype=np.float64)
    return np.array(
        [
            1 - left[:, held.columns(s)].sum() / max(total[:, held.columns(s)].sum(), 1e-300)
            for s in range(len(held.sizes))
        ]
    )


def _carried(codes: Any, atoms: np.ndarray, kinds: Sequence[str], held: Systems) -> np.ndarray:
    """Return the share of the latents' summed power in each system that shared ones have."""
    spread = _spread(codes)
    shared = np.array([kind == "shared" for kind in kinds])
    found = []
    for s in range(len(held.sizes)):
        each = spread * np.square(atoms[:, held.columns(s)], dtype=np.float64).sum(axis=1)
        found.append(float(each[shared].sum() / each.sum()) if each.sum() > 0 else np.nan)
    return np.array(found)


def _spread(codes: Any) -> np.ndarray:
    """Return the variance (m,) of each latent's codes."""
    power = np.asarray(codes.multiply(codes).mean(axis=0), np.float64).ravel()
    mean = np.asarray(codes.mean(axis=0), np.float64).ravel()
    return np.maximum(power - mean**2, 0)
