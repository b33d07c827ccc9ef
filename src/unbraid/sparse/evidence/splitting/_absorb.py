"""Whether a latent of the other dictionary takes a latent's place where both would be active."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unbraid.sparse.evidence.splitting._cover import Cover, LatentColumns

_CARRIES = 0.4  # share along the parent's atom that an absorber must carry, as published
_FEW_STIMULI = 5  # stimuli with, and without, an absorber


@dataclass(frozen=True, kw_only=True)
class Absorption:
    """An absorber of a latent, and how surely it is one."""

    latent: int
    rate: float
    """P(main latent silent | parent on, absorber on) - P(silent | parent on, absorber off)."""
    p_value: float
    """One-sided, of no difference; NaN where there is no main latent to be silent."""


def absorbers(
    of: LatentColumns,
    by: LatentColumns,
    latent: int,
    cover: Cover,
    homes: np.ndarray,
    along: np.ndarray | None,
) -> list[Absorption]:
    """Return the latents of ``by`` that take the place of a latent's main one.

    ``homes``: for each latent of ``by`` the latent of ``of`` that it follows best. ``along``: what
    each atom of ``by`` holds along the latent's own, or None where atoms are not known.
    """
    guests = [part for part in cover.parts if homes[part] != latent]
    main = cover.best if cover.best >= 0 and homes[cover.best] == latent else -1
    if not guests:
        return []
    on = np.flatnonzero(of.column(latent))
    silent = by.column(main)[on] == 0 if main >= 0 else np.ones(len(on), bool)
    found = []
    for guest in guests:
        fires = by.column(guest)[on] != 0
        if along is not None and not _carries(by, on[silent & fires], guest, along):
            continue
        if main < 0:
            found.append(Absorption(latent=guest, rate=np.nan, p_value=np.nan))
            continue
        held = np.isin(of.folds[on], [f for f, chosen in enumerate(cover.chosen)
                                      if guest in chosen and main in chosen])  # fmt: skip
        with_it, without = fires & held, ~fires & held
        if min(with_it.sum(), without.sum()) < _FEW_STIMULI:
            continue
        rate, se = _difference(silent[with_it], silent[without])
        found.append(Absorption(latent=guest, rate=rate, p_value=p_above_zero(rate, se)))
    return found


def _carries(by: LatentColumns, rows: np.ndarray, guest: int, along: np.ndarray) -> bool:
    """Whether it holds enough of what all latents together hold along the parent's atom."""
    if not len(rows):
        return False
    own = by.column(guest)[rows] * along[guest]
    whole = np.asarray(by.values[rows] @ along)
    return bool(own.sum() >= _CARRIES * whole.sum() > 0)


def _difference(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the difference of two shares and its standard error (Agresti and Caffo, 2000)."""
    shares = [(each.sum() + 1) / (len(each) + 2) for each in (first, second)]
    variance = sum(
        share * (1 - share) / (len(each) + 2)
        for share, each in zip(shares, (first, second), strict=True)
    )
    return float(first.mean() - second.mean()), float(np.sqrt(variance))


def p_above_zero(excess: float, se: float) -> float:
    """Return the one-sided p-value of an estimate that is normal, of standard error ``se``."""
    from scipy.special import ndtr

    if not se > 0:
        return float(excess <= 0)
    return float(ndtr(-excess / se))
