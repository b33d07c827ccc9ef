"""Orthogonal matching pursuit and the lasso by exact active sets, a block of rows at once.

The steps are those of the compiled kernel of this name: the latent enters with whose atom the
residual correlates most, the codes on the active set are solved exactly by Cholesky in double
precision, and a latent whose code would change sign leaves. Each row has slots for its active
latents; an empty slot is a row of the identity in the factor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid._kernels.device import BLOCK_NUMBERS
from unbraid._torch import functional, torch

_MOST_AT_ONCE = 8  # latents that enter a row at once: each costs one more factor


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What every row obeys."""

    k: int
    """Most latents a row."""
    penalty: float
    signed: bool
    tolerance: float
    """Share of a row's largest correlation up to which one counts as the penalty or zero."""
    n_units: int
    """Most atoms that can be independent."""
    enter: float
    """Share of the best correlation above which latents enter with it."""
    together: int
    """Steps in which several may."""
    spanned: float
    """Share of an atom's square up to which it lies in the span of the others."""

    @property
    def free(self) -> bool:
        """Whether codes have any sign and none leaves."""
        return self.signed and self.penalty == 0


def pursue(
    x: np.ndarray, atoms: np.ndarray, rules: Rules, device: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return active latents (n, k), codes (n, k) and the gap (n,), as the compiled kernel does.

    Cost a step n (m l0 + l0^3 / 3) on the device, after one product n m p; memory m^2 for the
    atoms' products and at most 256 MiB for an array of a block.
    """
    n, m = len(x), len(atoms)
    k = min(rules.k, m)
    rules = replace(rules, k=k)
    there = torch.from_numpy(np.ascontiguousarray(atoms)).to(device)
    gram = there @ there.T
    active, codes = np.full((n, k), -1, np.int32), np.zeros((n, k), x.dtype)
    gap = np.zeros(n, x.dtype)
    size = max(16, BLOCK_NUMBERS // (m + k))
    for start in range(0, n, size):
        rows = np.ascontiguousarray(x[start : start + size])
        block = _Block(torch.from_numpy(rows).to(device) @ there.T, gram, rules)
        block.solve()
        found = slice(start, start + len(rows))
        active[found], codes[found], gap[found] = block.answer()
    return active, codes, gap


class _Block:
    """The active sets of a block of rows, from empty to solved."""

    def __init__(self, target: torch.Tensor, gram: torch.Tensor, rules: Rules) -> None:
        n, m = target.shape
        new = target.new_zeros
        self.gram, self.rules = gram, rules
        # what is known of the rows in work; solved ones leave for ``done``
        self.rows = torch.arange(n, device=target.device)
        self.target, self.left = target, target.clone()
        self.may = torch.ones((n, m), dtype=torch.bool, device=target.device)
        self.chosen = torch.full((n, rules.k), -1, device=target.device)
        self.sign, self.z = new((n, rules.k)), new((n, rules.k))
        size = target.abs() if rules.signed else target
        self.largest = size.amax(1).clamp_min(0)
        self.slack = rules.penalty + rules.tolerance * self.largest
        self.done = (self.chosen.clone(), new((n, rules.k)), new(n))

    def solve(self) -> None:
        """Let latents in, one step after the other, until every row is solved."""
        r = self.rules
        together = r.penalty > 0 and r.k >= min(self.gram.shape[0], r.n_units)
        last = 8 * r.k + 41
        for step in range(last + 1):
            best, at, score = self._best()
            over = (best <= 0) | (best <= self.slack) | (step == last)
            spanned = torch.zeros_like(over)
            spanned[~over] = self._spanned(at, (~over).nonzero()[:, 0])
            over |= (self.chosen >= 0).all(1) & ~spanned
            self._close(over, best - r.penalty)
            if not len(self.rows):
                return
            keep = ~over
            at, score, spanned, best = at[keep], score[keep], spanned[keep], best[keep]
            self._settle(self._enter(at, score, best, spanned, together and step < r.together))
            self._subtract()

    def answer(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return active latents, codes and gap, empty slots last."""
        chosen, codes, gap = self.done
        order = (chosen < 0).to(torch.int8).argsort(dim=1, stable=True)
        chosen, codes = chosen.gather(1, order), codes.gather(1, order)
        return chosen.cpu().numpy(), codes.cpu().numpy(), gap.cpu().numpy()

    def _best(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the largest correlation of a row, the first latent that has it, and all."""
        score = self.left.abs() if self.rules.signed else self.left
        score = torch.where(self.may, score, 0)
        best, at = score.max(1)
        return best.clamp_min(0), at, score

    def _close(self, over: torch.Tensor, violation: torch.Tensor) -> None:
        """Let rows go that are solved, or have no room."""
        if not bool(over.any()):
            return
        rows, keep = self.rows[over], ~over
        self.done[0][rows] = self.chosen[over]
        self.done[1][rows] = (self.z * self.sign)[over]
        largest = self.largest[over]
        gap = violation[over].clamp_min(0) / largest.clamp_min(torch.finfo(largest.dtype).tiny)
        self.done[2][rows] = torch.where(largest > 0, gap, 0)
        for name in ("rows", "target", "left", "may", "chosen", "sign", "z", "largest", "slack"):
            setattr(self, name, getattr(self, name)[keep])

    def _products(self, rows: torch.Tensor, width: int) -> torch.Tensor:
        """Return the products of the signed active atoms (b, width, width), double precision."""
        chosen, sign = self.chosen[rows, :width], self.sign[rows, :width].double()
        at = chosen.clamp_min(0)
        square = self.gram[at[:, :, None], at[:, None, :]].double()
        square *= sign[:, :, None] * sign[:, None, :]  # 0 beside an empty slot
        return square + torch.diag_embed((chosen < 0).double())

    def _factors(self, rows: torch.Tensor, width: int) -> Iterator[tuple[torch.Tensor, Any]]:
        """Yield rows and the triangles of their products, so many that memory holds them."""
        for part in rows.split(max(1, BLOCK_NUMBERS // (4 * width * width))):
            yield part, torch.linalg.cholesky_ex(self._products(part, width)).L

    def _width(self) -> int:
        """Return how many slots any row uses, 1 at least."""
        used = (self.chosen >= 0).any(0).nonzero()
        return int(used.max()) + 1 if len(used) else 1

    def _across(self, rows: torch.Tensor, at: torch.Tensor, width: int) -> torch.Tensor:
        """Return the products of latent ``at`` of each row with its active atoms, (b, width, 1)."""
        chosen, sign = self.chosen[rows, :width], self.sign[rows, :width].double()
        across = self.gram[at[rows][:, None], chosen.clamp_min(0)].double() * sign
        return across[:, :, None]

    def _spanned(self, at: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return which of some rows' active atoms span the atom that is to enter there."""
        own = self.gram.diagonal()[at].double()
        square, width = own.clone(), self._width()
        for part, factor in self._factors(rows, width):
            fresh = torch.linalg.solve_triangular(
                factor, self._across(part, at, width), upper=False
            )
            square[part] -= fresh.square().sum((1, 2))
        count = (self.chosen >= 0).sum(1)
        return ((count >= self.rules.n_units) | (square <= self.rules.spanned * own))[rows]

    def _enter(
        self,
        at: torch.Tensor,
        score: torch.Tensor,
        best: torch.Tensor,
        spanned: torch.Tensor,
        together: bool,
    ) -> torch.Tensor:
        """Let latents in; return the one of each row that entered alone, -1 for the others."""
        alone = torch.where(spanned & (self.rules.penalty == 0), -1, at)
        self._trade(at, spanned.nonzero()[:, 0])
        fresh = ~spanned
        self._append(at, fresh.nonzero()[:, 0])
        if not together:
            return alone
        least = torch.maximum(self.slack, self.rules.enter * best)
        every = torch.arange(len(at), device=at.device)
        for _ in range(_MOST_AT_ONCE - 1):
            score[every, at] = 0  # the one that was examined last
            value, at = score.max(1)
            rows = (fresh & (value > least) & (self.chosen < 0).any(1)).nonzero()[:, 0]
            rows = rows[~self._spanned(at, rows)]
            if not len(rows):
                break
            self._append(at, rows)
            alone[rows] = -1  # beside the others even the best may leave, and come back
        return alone

    def _sign(self, at: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """Return the signs with which latents enter some rows."""
        return torch.where(self.left[rows, at[rows]] > 0, 1.0, -1.0).to(self.z.dtype)

    def _append(self, at: torch.Tensor, rows: torch.Tensor) -> None:
        """Make a latent of each of some rows active, with code 0, in its first empty slot."""
        slot = (self.chosen[rows] < 0).to(torch.int8).argmax(1)
        self.chosen[rows, slot], self.sign[rows, slot] = at[rows], self._sign(at, rows)
        self.z[rows, slot] = 0
        self.may[rows, at[rows]] = False

    def _trade(self, at: torch.Tensor, rows: torch.Tensor) -> None:
        """Trade the active atoms that span another for it, until one of them is used up.

        Without a penalty nothing is gained by that: the atom may not enter.
        """
        if not len(rows):
            return
        self.may[rows, at[rows]] = False
        if self.rules.penalty == 0:
            return
        rows = rows[self.gram.diagonal()[at[rows]] > 0]
        width = self._width()
        for part, factor in self._factors(rows, width):
            sign = self._sign(at, part)
            side = self._across(part, at, width) * sign.double()[:, None, None]
            work = torch.cholesky_solve(side, factor)[:, :, 0]
            z = self.z[part, :width].double()
            share, out = torch.where(work > 1e-12, z / work, torch.inf).min(1)
            able = (share < torch.inf).nonzero()[:, 0]
            there, gone, share = part[able], out[able], share[able]
            moved = z[able] - share[:, None] * work[able]
            self.z[there, :width] = moved.to(self.z.dtype)
            self.may[there, self.chosen[there, gone]] = True
            self.chosen[there, gone], self.sign[there, gone] = at[there], sign[able]
            self.z[there, gone] = share.to(self.z.dtype)

    def _settle(self, alone: torch.Tensor) -> None:
        """Solve on the active sets; a code that would cross zero leaves, and the rest again."""
        rows = torch.arange(len(self.rows), device=alone.device)
        tiny = torch.finfo(self.z.dtype).tiny
        while len(rows):
            new, z, on = self._solution(rows), self.z[rows], self.chosen[rows] >= 0
            if self.rules.free:
                self.z[rows] = new
                return
            crossing = on & (new <= 0)
            leaves = crossing.any(1)
            self.z[rows[~leaves]] = new[~leaves]
            rows, new, z, crossing = rows[leaves], new[leaves], z[leaves], crossing[leaves]
            gone = z - new  # may vanish in single precision
            reach = torch.where(gone > 0, z / gone.clamp_min(tiny), 0)
            share, out = torch.where(crossing, reach, torch.inf).min(1)
            self.z[rows] = z + share[:, None] * (new - z)
            latent = self.chosen[rows, out]
            self.may[rows, latent] |= latent != alone[rows]
            self.chosen[rows, out] = -1
            self.sign[rows, out] = self.z[rows, out] = 0

    def _solution(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the codes that solve the problem on some rows' active sets, signs aside."""
        width = self._width()
        new = self.z.new_zeros((len(rows), self.z.shape[1]))
        start = 0
        for part, factor in self._factors(rows, width):
            chosen, sign = self.chosen[part, :width], self.sign[part, :width].double()
            right = self.target[part].gather(1, chosen.clamp_min(0)).double() * sign
            right = torch.where(chosen >= 0, right - self.rules.penalty, 0)
            solved = torch.cholesky_solve(right[:, :, None], factor)[:, :, 0]
            new[start : start + len(part), :width] = solved.to(new.dtype)
            start += len(part)
        return new

    def _subtract(self) -> None:
        """Set ``left`` to the products of the atoms with what the codes leave."""
        width = self._width()
        codes = (self.z * self.sign)[:, :width].contiguous()
        at = self.chosen[:, :width].clamp_min(0).contiguous()
        said = functional.embedding_bag(at, self.gram, per_sample_weights=codes, mode="sum")
        self.left = self.target - said
