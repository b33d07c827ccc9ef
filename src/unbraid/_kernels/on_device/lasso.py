"""Lasso codes by coordinate descent that goes on from the codes it is given, a block at once.

The passes are those of the compiled kernel of this name: one latent of every row after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._kernels.device import BLOCK_NUMBERS
from unbraid._torch import functional, torch


@dataclass(frozen=True, kw_only=True)
class Work:
    """What the rows share."""

    atoms: torch.Tensor
    """(m, p), rows of unit length"""
    penalty: float
    signed: bool
    rounds: int
    """Times at most that latents are let in."""
    passes: int
    """Over the active latents, in a round."""
    tolerance: float
    """Share of the penalty: steps and violations up to which a row counts as solved."""
    enter: float
    """Share of the largest violation above which latents enter with it."""


def descend(
    x: np.ndarray,
    atoms: np.ndarray,
    found: tuple[np.ndarray, np.ndarray],
    device: Any,
    **limits: Any,
) -> None:
    """Improve codes ``found``, active latents (n, k) and codes (n, k), in place.

    ``limits`` are those of ``Work``. Cost on the device n m p for each round and passes of l0^2 a
    row; memory at most 256 MiB for an array of a block. Rows end as the compiled kernel ends them,
    to rounding.
    """
    active, codes = found
    work = Work(atoms=torch.from_numpy(atoms).to(device), **limits)
    room = active.shape[1]
    size = max(16, BLOCK_NUMBERS // (len(atoms) + room * (room + x.shape[1])))
    for start in range(0, len(x), size):
        rows = slice(start, start + size)
        here = [
            torch.from_numpy(np.ascontiguousarray(part[rows])).to(device)
            for part in (x, active, codes)
        ]
        active[rows], codes[rows] = _solved(here[0], here[1].long(), here[2], work)


def _solved(
    x: torch.Tensor, active: torch.Tensor, codes: torch.Tensor, work: Work
) -> tuple[np.ndarray, np.ndarray]:
    """Return active latents and codes of a block, empty slots last."""
    todo = torch.arange(len(x), device=x.device)
    for turn in range(work.rounds):
        at, z = active[todo], codes[todo]
        said = functional.embedding_bag(
            at.clamp_min(0), work.atoms, per_sample_weights=z, mode="sum"
        )
        left = (x[todo] - said) @ work.atoms.T
        entered = _let_in(left, at, z, work)
        if turn:
            todo, left, at, z = todo[entered], left[entered], at[entered], z[entered]
        if not len(todo):
            break
        active[todo], codes[todo] = _passes(left, at, z, work)
    return active.to(torch.int32).cpu().numpy(), codes.cpu().numpy()


def _let_in(left: torch.Tensor, at: torch.Tensor, z: torch.Tensor, work: Work) -> torch.Tensor:
    """Fill empty slots with the latents that violate most; return the rows where any does."""
    size = left.abs() if work.signed else left.clone()
    rows, slots = (at >= 0).nonzero(as_tuple=True)
    size[rows, at[rows, slots]] = 0
    largest = size.amax(1)
    enters = largest > work.penalty * (1 + work.tolerance)
    least = (work.enter * largest).clamp_min(work.penalty)
    more = (size > least[:, None]) & enters[:, None]
    slot = (at >= 0).sum(1)[:, None] + more.cumsum(1) - 1
    rows, latents = (more & (slot < at.shape[1])).nonzero(as_tuple=True)
    at[rows, slot[rows, latents]] = latents
    z[rows, slot[rows, latents]] = 0
    return enters


def _passes(
    left: torch.Tensor, at: torch.Tensor, z: torch.Tensor, work: Work
) -> tuple[torch.Tensor, torch.Tensor]:
    """Descend on the active latents of each row until its steps are small."""
    n, room = at.shape
    used = (at >= 0).any(0).nonzero()
    width = int(used.max()) + 1 if len(used) else 0
    on = at[:, :width] >= 0
    index = at[:, :width].clamp_min(0)
    near = torch.where(on, left.gather(1, index), 0)
    chosen = work.atoms[index] * on[:, :, None]
    products = chosen @ chosen.mT
    codes, open_ = z[:, :width].clone(), torch.ones(n, dtype=torch.bool, device=z.device)
    for _ in range(work.passes):
        step = z.new_zeros(n)
        for a in range(width):
            aim = near[:, a] + codes[:, a]
            new = (aim.abs() if work.signed else aim).sub(work.penalty).clamp_min(0)
            new = torch.where(aim < 0, -new, new) if work.signed else new
            change = torch.where(on[:, a] & open_, new - codes[:, a], 0)
            codes[:, a] += change
            near -= change[:, None] * products[:, a]
            step = torch.maximum(step, change.abs())
        open_ = open_ & (step > work.tolerance * work.penalty)
        if not bool(open_.any()):
            break
    return _packed(index, codes, room)


def _packed(
    index: torch.Tensor, codes: torch.Tensor, room: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return latents and codes with the empty slots last, in their order before."""
    on = codes != 0
    order = (~on).to(torch.int8).argsort(dim=1, stable=True)
    active = torch.where(on, index, -1).gather(1, order)
    missing = room - active.shape[1]
    return (
        functional.pad(active, (0, missing), value=-1),
        functional.pad(codes.gather(1, order), (0, missing)),
    )
