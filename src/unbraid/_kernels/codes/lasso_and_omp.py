r"""Sparse codes of many stimuli under one dictionary, by exact active sets (OMP and the lasso).

Both solve ``min_z 1/2 |x - z A|^2 + penalty |z|_1`` with ``z >= 0`` (or signed): the latent enters
with whose atom the residual correlates most, the codes on the active set are solved exactly by
Cholesky, and a latent whose code would change sign leaves (Lawson and Hanson); rotations bring the
factor back to a triangle. The lasso lets latents in together and goes on until no correlation
exceeds the penalty; orthogonal matching pursuit has no penalty and stops at ``k`` latents.
"""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.device import device_here
from unbraid._kernels.products.linear import product
from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp", "nnan"}
_BLOCK = 4096  # stimuli at a time: what is held of each grows with the latents
_ENTER, _TOGETHER = 0.85, 40  # share of the best above which latents enter at once; how often
_SPANNED = 1e-7  # share of an atom's square up to which it lies in the span of the others


def pursue(
    x: np.ndarray,
    atoms: np.ndarray,
    *,
    k: int,
    penalty: float = 0.0,
    signed: bool = False,
    tolerance: float = 1e-6,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return active latents (n, k) int32 (-1: none), their codes (n, k), and the gap (n,).

    Parameters
    ----------
    x : array of shape (n, p)
    atoms : array of shape (m, p), same float type
    k : int
        Most latents per stimulus may use.
    penalty : float
        Lasso penalty in the units of ``x`` (atoms of unit length).
    signed : bool
        Allow negative codes.
    tolerance : float
        Correlations with the residual up to ``penalty + tolerance * max|x A'|`` count as zero.

    Returns
    -------
    The gap is the largest correlation above the penalty left in a row, relative to the row's
    largest correlation at the start: 0 up to rounding where the penalised problem is solved,
    positive where ``k`` stopped it (as it does in matching pursuit).

    Notes
    -----
    Cost n (m p + steps · m · l0) and n·l0³/3, memory m² for the atoms' products.

    References
    ----------
    Rubinstein, Zibulevsky and Elad (2008), batch OMP; Lawson and Hanson (1974), chapter 23.
    """
    if (device := device_here()) is not None:
        from unbraid._kernels.on_device import pursuit

        rules = pursuit.Rules(
            k=k, penalty=penalty, signed=signed, tolerance=tolerance, n_units=x.shape[1],
            enter=_ENTER, together=_TOGETHER, spanned=_SPANNED,
        )  # fmt: skip
        return pursuit.pursue(x, atoms, rules, device)
    n, m = len(x), len(atoms)
    k = min(k, m)
    gram, across = atoms @ atoms.T, np.ascontiguousarray(atoms.T)
    active = np.empty((n, k), np.int32)
    codes = np.empty((n, k), x.dtype)
    gap = np.empty(n, x.dtype)
    kind = x.dtype.type
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        target = np.ascontiguousarray(product(x[rows], across))
        options = (kind(penalty), kind(tolerance), bool(signed), x.shape[1])
        found = (active[rows], codes[rows], gap[rows])
        in_blocks(_active_set, len(target), target, gram, options, found, least=32)
    return active, codes, gap


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _remove(sets, out, count):
    """Let an atom go: shift the others, and rotate the rows of the factor back to a triangle."""
    chosen, sign, z, chol, fresh, _, turn = sets
    for a in range(out, count - 1):
        chosen[a], sign[a], z[a] = chosen[a + 1], sign[a + 1], z[a + 1]
        for b in range(a + 2):
            chol[a, b] = chol[a + 1, b]
        for b in range(out, a):
            left, right = chol[a, b], chol[a, b + 1]
            chol[a, b] = turn[b, 0] * left + turn[b, 1] * right
            chol[a, b + 1] = turn[b, 0] * right - turn[b, 1] * left
        length = np.sqrt(chol[a, a] ** 2 + chol[a, a + 1] ** 2)
        turn[a, 0], turn[a, 1] = chol[a, a] / length, chol[a, a + 1] / length
        chol[a, a] = length


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _square(gram, at, s, sets, count):
    """Return what the active atoms leave of another's square, and set its row of the factor."""
    chosen, sign, _, chol, fresh, _, _ = sets
    square = np.float64(gram[at, at])
    for a in range(count):
        total = np.float64(gram[at, chosen[a]]) * sign[a] * s
        for b in range(a):
            total -= chol[a, b] * fresh[b]
        fresh[a] = total / chol[a, a]
        square -= fresh[a] ** 2
    return square


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _append(at, s, square, sets, count):
    """Make an atom active whose row of the factor is ``fresh``."""
    chosen, sign, z, chol, fresh, open_, _ = sets
    for a in range(count):
        chol[count, a] = fresh[a]
    chol[count, count] = np.sqrt(square)
    chosen[count], sign[count], z[count] = at, s, z.dtype.type(0)
    open_[at] = 0


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _back(chol, right, work, count):
    """Solve ``chol' work = right``; ``right`` may be ``work``."""
    for a in range(count - 1, -1, -1):
        total = right[a]
        for b in range(a + 1, count):
            total -= chol[b, a] * work[b]
        work[a] = total / chol[a, a]


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _settle(target, penalty, free, at, sets, work, new, count):
    """Solve on the active set; a code that would cross zero leaves. Return how many stay.

    With ``free`` signs nothing leaves; ``at`` entered last and, if it leaves, may not come back.
    """
    chosen, sign, z, chol, _, open_, _ = sets
    kind = z.dtype.type
    zero = kind(0)
    while count:
        for a in range(count):
            total = np.float64(sign[a] * target[chosen[a]] - penalty)
            for b in range(a):
                total -= chol[a, b] * work[b]
            work[a] = total / chol[a, a]
        _back(chol, work, work, count)
        if free:
            for a in range(count):
                z[a] = kind(work[a])
            break
        share, out = 1.0, -1
        for a in range(count):
            new[a] = kind(work[a])
            if new[a] <= zero:
                gone = z[a] - new[a]  # may vanish in single precision
                reach = z[a] / gone if gone > zero else 0.0
                if out < 0 or reach < share:
                    share, out = reach, a
        if out < 0:
            for a in range(count):
                z[a] = new[a]
            break
        for a in range(count):
            z[a] += kind(share) * (new[a] - z[a])
        if chosen[out] != at:
            open_[chosen[out]] = kind(1)
        _remove(sets, out, count)
        count -= 1
    return count


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _traded(gram, at, s, sets, work, count):
    """Trade the active atoms, which span another, for it until one is used up.

    Return whether any was.
    """
    chosen, _, z, chol, fresh, open_, _ = sets
    kind = z.dtype.type
    _back(chol, fresh, work, count)
    share, out = -1.0, -1
    for a in range(count):
        if work[a] > 1e-12 and (out < 0 or z[a] / work[a] < share):
            share, out = z[a] / work[a], a
    open_[at] = 0
    if out < 0:
        return False
    for a in range(count):
        z[a] -= kind(share * work[a])
    open_[chosen[out]] = kind(1)
    _remove(sets, out, count)
    square = _square(gram, at, s, sets, count - 1)
    _append(at, s, max(square, 1e-12), sets, count - 1)
    z[count - 1] = kind(share)
    return True


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _active_set(start, stop, target, gram, options, found):
    penalty, tolerance, signed, p = options
    active, codes, gap = found
    m, k = target.shape[1], active.shape[1]
    kind = target.dtype.type
    zero = kind(0)
    left = np.empty(m, target.dtype)  # correlation of the residual with each atom
    chosen = np.empty(k, np.int32)
    sign = np.empty(k, target.dtype)
    z = np.empty(k, target.dtype)
    new = np.empty(k, target.dtype)
    chol = np.empty((k, k), np.float64)
    work = np.empty(k, np.float64)
    fresh = np.empty(k, np.float64)
    score = np.empty(m, target.dtype)
    open_ = np.empty(m, target.dtype)  # 1, or 0 for atoms that may not enter
    turn = np.empty((k, 2), np.float64)
    sets = (chosen, sign, z, chol, fresh, open_, turn)
    free = signed and penalty == zero
    all_may = penalty > zero and k >= min(m, p)  # where fewer may, the best come first
    for row in range(start, stop):
        largest = zero
        for j in range(m):
            left[j] = target[row, j]
            largest = max(largest, abs(left[j]) if signed else left[j])
        slack = penalty + tolerance * largest
        open_[:] = kind(1)
        violation = zero
        steps = 0
        count = 0
        while True:
            best, at = zero, -1
            if signed:
                for j in range(m):
                    score[j] = abs(left[j]) * open_[j]
            else:
                for j in range(m):
                    score[j] = left[j] * open_[j]
            for j in range(m):
                best = max(best, score[j])
            if best > zero:
                at = 0
                while score[at] != best:
                    at += 1
            violation = best - penalty
            if at < 0 or best <= slack or steps > 8 * k + 40:
                break
            steps += 1
            s = kind(1) if left[at] > 0 else kind(-1)
            square = _square(gram, at, s, sets, count)
            if count >= p or square <= _SPANNED * gram[at, at]:
                if penalty == zero or gram[at, at] <= zero:
                    open_[at] = zero
                    continue
                if not _traded(gram, at, s, sets, work, count):
                    continue
            elif count == k:
                break
            else:
                _append(at, s, square, sets, count)
                count += 1
                if all_may and steps <= _TOGETHER:
                    least, alone = max(slack, kind(_ENTER) * best), count
                    for j in range(m):
                        if score[j] > least and j != at and count < k:
                            s = kind(1) if left[j] > 0 else kind(-1)
                            square = _square(gram, j, s, sets, count)
                            if square > _SPANNED * gram[j, j]:
                                _append(j, s, square, sets, count)
                                count += 1
                    if count > alone:  # beside the others even the best may leave, and come back
                        at = -1
            count = _settle(target[row], penalty, free, at, sets, work, new, count)
            _leave(target[row], gram, sets, count, left)
        gap[row] = max(violation, zero) / largest if largest > zero else zero
        for a in range(count):
            active[row, a] = chosen[a]
            codes[row, a] = z[a] * sign[a]
        for a in range(count, k):
            active[row, a] = -1
            codes[row, a] = zero


@numba.njit(nogil=True, cache=True, fastmath=_FAST)
def _leave(target, gram, sets, count, left):
    """Set ``left`` to the products of the atoms with what the codes leave."""
    chosen, sign, z = sets[:3]
    left[:] = target
    for a in range(count):
        code = z[a] * sign[a]
        latent = chosen[a]
        for j in range(len(left)):
            left[j] -= code * gram[latent, j]
