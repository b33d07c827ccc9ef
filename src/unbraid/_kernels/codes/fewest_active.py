r"""Codes with the fewest active latents: beam search over supports, for many stimuli.

``min_z |x - z A|^2 + least^2 |z|_0`` with ``z >= 0`` (or signed). A support grows by one latent per
level; of all supports of a level the ``beams`` with the least squared error are kept (equal sets
once), each with its codes solved exactly. Greedy pursuit is the beam of one: a wrong latent taken
first is never given back. The lasso needs atoms that are less alike than this search does, and it
shrinks codes. No certificate: the best support may be outside the beam.
"""

from __future__ import annotations

import numba
import numpy as np

from unbraid._kernels.products.linear import product
from unbraid._kernels.threads import in_blocks

_FAST = {"reassoc", "contract", "nsz", "arcp"}
_BLOCK = 4096  # stimuli whose products with all atoms are held at a time
_IN_SPAN = 1e-6  # share of an atom's square up to which it lies in the span of the others


def fewest_active(
    x: np.ndarray, atoms: np.ndarray, *, least: float, k: int, beams: int, signed: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Return active latents (n, k) int32 (-1: none) and their codes (n, k).

    Parameters
    ----------
    x : array of shape (n, p)
    atoms : array of shape (m, p), same float type
    least : float
        A latent is active where it lowers the squared error by more than ``least**2``.
    k : int
        Most active latents per stimulus.
    beams : int
        Supports kept per level.
    signed : bool
        Allow negative codes.

    Notes
    -----
    A level ends the search once no larger support can do better: ``level * least**2`` alone exceeds
    the best objective. Cost n (m p + beams m l0^2), memory m^2 and ``beams k m`` per thread.

    References
    ----------
    Kwon, Wang and Shim (2014), multipath matching pursuit; Chen, Billings and Luo (1989),
    orthogonal least squares.
    """
    n, m = len(x), len(atoms)
    k = min(k, m, x.shape[1])
    gram, across = atoms @ atoms.T, np.ascontiguousarray(atoms.T)
    active, codes = np.full((n, k), -1, np.int32), np.zeros((n, k), x.dtype)
    keys = np.random.default_rng(m).integers(1, 2**63, m, dtype=np.uint64)
    for start in range(0, n, _BLOCK):
        rows = slice(start, start + _BLOCK)
        target = np.ascontiguousarray(product(x[rows], across))
        energy = np.square(x[rows], dtype=np.float64).sum(1)
        options = (float(least) ** 2, int(beams), bool(signed))
        found = (active[rows], codes[rows])
        in_blocks(_search, len(target), target, energy, gram, keys, options, found, least=32)
    return active, codes


@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _candidates(parents, tree, gram, keys, spanned, options, best):
    """Set ``best`` to the supports of the next level with the least error; return their number."""
    low, high = parents
    left, square, error, key = tree[1], tree[2], tree[5], tree[6]
    errors, origins, latents, sets, gains = best
    price, beams, signed = options
    count = 0
    m = gram.shape[0]
    for node in range(low, high):
        row = node - low
        for j in range(m):  # no branches, so that it is compiled to vectors
            value = left[row, j]
            enters = square[row, j] > spanned[j] and (signed or value > 0)
            gains[j] = value * value / square[row, j] if enters else 0
        for j in range(m):
            gain = np.float64(gains[j])
            now = error[node] - gain
            if gain <= price or (count == beams and now >= errors[count - 1]):
                continue
            together = key[node] + keys[j]
            known = False
            for other in range(count):
                known |= sets[other] == together
            if known:
                continue
            at = count if count < beams else beams - 1
            count = min(count + 1, beams)
            while at > 0 and errors[at - 1] > now:
                errors[at], origins[at] = errors[at - 1], origins[at - 1]
                latents[at], sets[at] = latents[at - 1], sets[at - 1]
                at -= 1
            errors[at], origins[at], latents[at], sets[at] = now, node, j, together
    return count


@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _grow(new, slot, origin, low, latent, tree, gram, after):
    """Add a support: its direction beside the others', and what it leaves of every atom."""
    direction, left, square, parent, chosen = tree[:5]
    m = gram.shape[0]
    row = origin - low
    size = np.sqrt(np.float64(square[row, latent]))
    parent[new], chosen[new] = origin, latent
    direction[new] = gram[latent]
    node = origin
    while node > 0:
        share = direction[node, latent]
        for j in range(m):
            direction[new, j] -= share * direction[node, j]
        node = parent[node]
    along = left[row, latent] / size
    later_left, later_square = after
    for j in range(m):
        direction[new, j] /= size
        later_left[slot, j] = left[row, j] - along * direction[new, j]
        later_square[slot, j] = square[row, j] - direction[new, j] ** 2
    return along


@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _solved(node, level, tree, along, path, z):
    """Set ``path`` and ``z`` to a support and its codes; return whether all are positive."""
    direction, parent, chosen = tree[0], tree[3], tree[4]
    for a in range(level - 1, -1, -1):
        path[a] = node
        node = parent[node]
    positive = True
    for a in range(level - 1, -1, -1):
        value = along[path[a]]
        for b in range(a + 1, level):
            value -= direction[path[a], chosen[path[b]]] * z[b]
        z[a] = value / direction[path[a], chosen[path[a]]]
        positive &= z[a] > 0
    return positive


@numba.njit(nogil=True, cache=True, fastmath=_FAST, error_model="numpy")
def _search(start, stop, target, energy, gram, keys, options, found):
    active, codes = found
    price, beams, signed = options
    m, k = target.shape[1], active.shape[1]
    kind = target.dtype
    nodes = 1 + beams * k
    direction = np.empty((nodes, m), kind)  # products of a node's own direction with every atom
    parent, chosen = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64)
    error, key = np.zeros(nodes), np.zeros(nodes, np.uint64)
    along = np.zeros(nodes)
    here = (np.empty((beams, m), kind), np.empty((beams, m), kind))
    there = (np.empty((beams, m), kind), np.empty((beams, m), kind))
    best = (
        np.empty(beams),
        np.empty(beams, np.int64),
        np.empty(beams, np.int64),
        np.empty(beams, np.uint64),
        np.empty(m, kind),
    )
    spanned = np.empty(m, kind)
    for j in range(m):
        spanned[j] = _IN_SPAN * gram[j, j]
    path, z = np.empty(k, np.int64), np.empty(k)
    for row in range(start, stop):
        here[0][0] = target[row]
        for j in range(m):
            here[1][0, j] = gram[j, j]
        error[0], key[0] = energy[row], np.uint64(0)
        least = error[0]
        low, high = 0, 1
        for level in range(1, k + 1):
            if level * price >= least:
                break
            tree = (direction, here[0], here[1], parent, chosen, error, key)
            count = _candidates((low, high), tree, gram, keys, spanned, options, best)
            if count == 0:
                break
            kept = 0
            for slot in range(count):
                new = high + kept
                error[new], key[new] = best[0][slot], best[3][slot]
                origin, latent = best[1][slot], best[2][slot]
                along[new] = _grow(new, kept, origin, low, latent, tree, gram, there)
                if not (_solved(new, level, tree, along, path, z) or signed):
                    continue  # supports with negative codes would crowd out the others
                kept += 1
                if error[new] + level * price < least:
                    least = error[new] + level * price
                    for a in range(level):
                        active[row, a] = chosen[path[a]]
                        codes[row, a] = z[a]
            count = kept
            here, there = there, here
            low, high = high, high + count
