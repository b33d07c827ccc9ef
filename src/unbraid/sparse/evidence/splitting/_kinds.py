"""What each latent is called: shared, split, absorbed, a part, not found, or undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unbraid import stats
from unbraid.sparse.evidence.splitting._absorb import Absorption, absorbers, p_above_zero
from unbraid.sparse.evidence.splitting._cover import (
    LEAST_GAIN,
    Cover,
    LatentColumns,
    covers,
    homes,
)

HALF = 0.5  # of the variance: from there on a latent follows from another; r about .71
_ONE_SIDED = 1.645  # standard errors, at 95 %
_FEWEST = 10  # active stimuli below which nothing is decided

KINDS = ("shared", "split", "absorbed", "part", "not found", "undecided", "silent")


@dataclass(frozen=True, kw_only=True)
class LatentKind:
    """One latent's kind, and the latents of the other dictionary that it rests on."""

    kind: str
    parts: tuple[int, ...] = ()
    """Latents of the other that stand for it: of a split one the parts, of an absorbed one the main
    one, of a shared one its partner; of a part the latent it is a part of."""
    absorbers: tuple[int, ...] = ()
    q_value: float = np.nan
    reason: str = ""


def of_both(
    first: LatentColumns, second: LatentColumns, atoms: Sequence[np.ndarray] | None, rate: float
) -> tuple[tuple[list[LatentKind], list[Cover]], tuple[list[LatentKind], list[Cover]]]:
    """Return what each latent of both is called, and its cover."""
    sides = first, second
    kinds, covered = [], []
    for s in (0, 1):
        along = None if atoms is None else _along(atoms[s], atoms[1 - s])
        every = np.arange(sides[s].values.shape[1])
        found = of_one(sides[s], sides[1 - s], every, along, rate)
        kinds.append(found[0])
        covered.append(found[1])
    x, y = ((list(_with_parts(kinds[s], kinds[1 - s])), covered[s]) for s in (0, 1))
    return x, y


def _along(own: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return what each atom of the other holds along each own atom, (m_own, m_other)."""
    length = np.linalg.norm(own, axis=1, keepdims=True)
    return np.asarray((own / np.where(length > 0, length, 1)) @ other.T)


def of_one(
    of: LatentColumns, by: LatentColumns, latents: np.ndarray, along: np.ndarray | None, rate: float
) -> tuple[list[LatentKind], list[Cover]]:
    """Return what some latents of ``of`` became in ``by``, before parts are named, and covers.

    ``along``: what each atom of ``by`` holds along each of ``of``; None where atoms are not known.
    """
    active = of.count.sum(axis=0)[latents]
    back = homes(by, of)
    covered = list(covers(of, by, latents))
    found: list[list[Absorption]] = []
    gains = np.full(len(latents), np.nan)
    for place, (latent, cover) in enumerate(zip(latents, covered, strict=True)):
        enough = active[place] >= _FEWEST
        row = None if along is None else along[latent]
        found.append(absorbers(of, by, int(latent), cover, back, row) if enough else [])
        if enough and len(cover.parts) > 1:
            gains[place] = p_above_zero(cover.several - cover.one - LEAST_GAIN, cover.gain_se)
    of_absorbers = [each.p_value for one in found for each in one]
    q = stats.benjamini_hochberg(np.concatenate([gains, np.array(of_absorbers)]))
    q_gain, q_absorbers = q[: len(gains)], iter(q[len(gains) :].tolist())
    kinds = []
    for place, (latent, cover) in enumerate(zip(latents, covered, strict=True)):
        sure = [
            (each, value)
            for each in found[place]
            for value in [next(q_absorbers)]
            if (value <= rate and each.rate >= HALF) or (np.isnan(value) and q_gain[place] <= rate)
        ]
        kinds.append(_kind_of(latent, int(active[place]), cover, back, q_gain[place], sure, rate))
    return kinds, covered


def _kind_of(
    latent: int,
    active: int,
    cover: Cover,
    back: np.ndarray,
    q_gain: float,
    sure: list[tuple[Absorption, float]],
    rate: float,
) -> LatentKind:
    if active == 0:
        return LatentKind(kind="silent", reason="no stimulus excites it")
    if active < _FEWEST:
        return LatentKind(kind="undecided", reason=f"active on {active} stimuli")
    parts = tuple(part for part in cover.parts if back[part] == latent)
    held = cover.several - _ONE_SIDED * cover.several_se >= HALF
    if held and q_gain <= rate and len(parts) > 1:
        others = tuple(each.latent for each, _ in sure)
        return LatentKind(kind="split", parts=parts, absorbers=others, q_value=float(q_gain))
    if held and sure and (parts or len(sure) > 1):
        q_value = max(q_gain if np.isnan(value) else value for _, value in sure)
        return LatentKind(
            kind="absorbed",
            parts=parts[:1],
            absorbers=tuple(each.latent for each, _ in sure),
            q_value=float(q_value),
        )
    mutual = cover.best >= 0 and back[cover.best] == latent
    if mutual and cover.one - _ONE_SIDED * cover.one_se >= HALF:
        return LatentKind(kind="shared", parts=(cover.best,))
    if cover.several + _ONE_SIDED * cover.several_se < HALF:
        return LatentKind(kind="not found")
    return LatentKind(kind="undecided", reason=_why(cover, mutual))


def _why(cover: Cover, mutual: bool) -> str:
    if cover.one - _ONE_SIDED * cover.one_se >= HALF and not mutual:
        return "its best follows another latent better"
    return f"explained to {cover.several:.0%}, too near one half to tell"


def _with_parts(kinds: list[LatentKind], other: list[LatentKind]) -> list[LatentKind]:
    """Return kinds of one side in which parts of the other side's latents are named so."""
    whole = {
        part: latent
        for latent, each in enumerate(other)
        if each.kind in ("split", "absorbed")
        for part in each.parts
    }
    return [
        LatentKind(kind="part", parts=(whole[latent],))
        if latent in whole and each.kind not in ("split", "absorbed")
        else each
        for latent, each in enumerate(kinds)
    ]
