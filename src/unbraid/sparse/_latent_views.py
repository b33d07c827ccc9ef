"""What one latent does, as a person wants to see it: examples, activations, units, neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unbraid._documented import documented_answer
from unbraid.responses import Codes
from unbraid.sparse._latent_parts import LatentParts, columns_of_codes

Examples = tuple[tuple[int, float], ...]
"""Rows of the codes with the latent's code there, in the order in which they are shown."""
_BINS = 24  # of a histogram as small as a latent's card
_NEAREST_COST = 2.0**36  # multiply-adds of all cosines: about ten seconds on one core
_VIEW_NUMBERS = 2.0**22  # cosines held at once


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False)
class LatentView:
    """One latent of a dictionary, seen through some stimuli and through its atom."""

    latent: int
    """Its place in the dictionary, from 0."""
    strongest: Examples
    """Stimuli that excite it most, by the size of the code; ties in the stimuli's order."""
    steps: Examples
    """Of the stimuli it is active on, at equal steps of rank from the strongest to the weakest."""
    random: Examples
    """Drawn from all stimuli."""
    low: float
    """Lower end of the histogram: its least code that is not 0, or 0."""
    high: float
    """Upper end of the histogram: its largest code that is not 0, or 0."""
    counts: tuple[int, ...]
    """Codes that are not 0, in equal bins from ``low`` to ``high``; empty where it is silent."""
    units: tuple[tuple[int, float], ...]
    """Units of largest weight in its atom, the largest first; weights of an atom of length 1."""
    spread: float
    """Units it is spread over, ``1 / sum w^4`` for weights of length 1; NaN for an atom of 0."""
    near: tuple[tuple[int, float], ...]
    """Latents whose atoms are nearest, with the cosine; empty where they were too many."""
    maps: np.ndarray
    """(len(strongest), parts): its codes of the parts of the strongest stimuli, NaN where there is
    none; of no part where none are known."""

    def named_units(self, names: np.ndarray | None) -> list[tuple[str, float]]:
        """Return ``units`` by the system's names, or numbered where it has none."""
        return [
            (f"unit {unit}" if names is None else str(names[unit]), weight)
            for unit, weight in self.units
        ]


def latent_views(
    codes: Codes,
    atoms: np.ndarray,
    latents: Sequence[int] | None = None,
    *,
    examples: int = 8,
    units: int = 8,
    near: int = 6,
    parts: LatentParts | None = None,
    rng: int = 0,
) -> Iterator[LatentView]:
    """Yield a view of each latent asked for, in that order; by default of all.

    Parameters
    ----------
    codes : Codes
        Of shape (n, m).
    atoms : array of shape (m, p)
        One atom a row.
    latents : sequence of int, optional
        Which, and in which order; by default all.
    examples : int
        Stimuli of each kind.
    units : int
        Units of largest weight.
    near : int
        Latents of the nearest atoms.
    parts : LatentParts, optional
        Parts of the stimuli, whose codes become ``maps``. Where they are stimuli themselves, no
        strongest stimulus is a part of another's.
    rng : int
        Seed of the random stimuli.

    Yields
    ------
    LatentView
        One for each latent asked for.

    Notes
    -----
    Cost O(nnz log n) and, for the nearest atoms, O(m^2 p), which are left out beyond 2^36.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.responses import Codes
    >>> codes = Codes(np.array([[0, 2.0], [0, 3.0], [1.0, 0]]))
    >>> view = list(latent_views(codes, np.array([[3.0, 4.0], [0, 1]])))[0]
    >>> view.strongest, view.units, view.near
    (((2, 1.0),), ((1, 0.8), (0, 0.6)), ((1, 0.8),))
    """
    n, m = codes.shape
    columns = columns_of_codes(codes)
    shown = range(m) if latents is None else latents
    unit = _unit_length(atoms)
    neighbours = _nearest(unit, near)
    draw = np.random.default_rng(rng).integers(n, size=(len(shown), examples))
    for at, latent in enumerate(shown):
        part = slice(columns.indptr[latent], columns.indptr[latent + 1])
        rows, values = columns.indices[part], columns.data[part]
        ranked = np.argsort(-np.abs(values), kind="stable")
        best = ranked[:examples]
        if parts is not None:
            best = np.searchsorted(rows, parts.apart(rows[ranked], examples))
        steps = np.unique(np.linspace(0, len(ranked) - 1, min(examples, len(ranked))).astype(int))
        drawn = np.sort(draw[at])
        low, high = (min(values.min(), 0.0), max(values.max(), 0.0)) if len(values) else (0.0, 0.0)
        weights, spread = heaviest(unit[latent], units)
        yield LatentView(
            latent=int(latent),
            strongest=_examples(rows, values, best),
            steps=_examples(rows, values, ranked[steps]) if len(ranked) else (),
            random=tuple(zip(drawn.tolist(), _at(rows, values, drawn), strict=True)),
            low=float(low),
            high=float(high),
            counts=tuple(np.histogram(values, _BINS, (low, high))[0].tolist())
            if high > low
            else (),
            units=weights,
            spread=spread,
            near=neighbours[latent] if neighbours else (),
            maps=parts.map_of(int(latent), rows[best])
            if parts is not None
            else np.empty((len(best), 0)),
        )


def heaviest(atom: np.ndarray, count: int) -> tuple[tuple[tuple[int, float], ...], float]:
    """Return the units of largest weight in an atom of length 1 or 0, and how many it spans."""
    largest = np.argsort(-np.abs(atom), kind="stable")[:count]
    length = float(np.sum(atom**4))
    units = tuple((int(unit), float(atom[unit])) for unit in largest if atom[unit])
    return units, 1 / length if length else float("nan")


def _examples(rows: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> Examples:
    return tuple(zip(rows[chosen].tolist(), values[chosen].astype(float).tolist(), strict=True))


def _at(rows: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> list[float]:
    """Return the codes at these rows, 0 where there is none."""
    if not len(rows):
        return [0.0] * len(wanted)
    where = np.minimum(np.searchsorted(rows, wanted), len(rows) - 1)
    return np.where(rows[where] == wanted, values[where], 0.0).astype(float).tolist()


def _unit_length(atoms: np.ndarray) -> np.ndarray:
    atoms = np.asarray(atoms)
    atoms = atoms.astype(np.result_type(atoms.dtype, np.float32), copy=False)
    length = np.linalg.norm(atoms, axis=1, keepdims=True)
    return np.asarray(atoms / np.where(length > 0, length, 1))


def _nearest(unit: np.ndarray, count: int) -> list[tuple[tuple[int, float], ...]]:
    """Return the nearest atoms of each atom with their cosines; none where that takes too long."""
    m, p = unit.shape
    count = min(count, m - 1)
    if count < 1 or float(m) ** 2 * p > _NEAREST_COST:
        return []
    found: list[tuple[tuple[int, float], ...]] = []
    step = max(1, int(_VIEW_NUMBERS / m))
    for start in range(0, m, step):
        cosines = unit[start : start + step] @ unit.T
        own = np.arange(len(cosines))
        cosines[own, own + start] = -np.inf
        best = np.argpartition(-cosines, count - 1, axis=1)[:, :count]
        values = np.take_along_axis(cosines, best, axis=1)
        order = np.lexsort((best, -values), axis=1)
        best, values = (np.take_along_axis(each, order, axis=1) for each in (best, values))
        found += [
            tuple(zip(*each, strict=True))
            for each in zip(best.tolist(), values.astype(float).tolist(), strict=True)
        ]
    return found
