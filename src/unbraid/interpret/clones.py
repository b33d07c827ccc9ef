"""Groups of clones: units that carry the same and differ by noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.responses import as_responses

_SURROGATES = 9  # so that a chance exceedance has one chance in ten


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Clones:
    """Which units carry the same."""

    group: np.ndarray
    """(p,) number of each unit's group, -1 for units that never vary."""
    silhouette: float
    """Mean held-out silhouette of the groups, in [-1, 1]."""
    silhouette_surrogate: float
    """Largest of nine Gaussians of the same spectrum: groups that do not exceed it are none."""
    within: float
    """Mean ``|r|`` of units of one group, held out; NaN where every unit is alone."""

    @property
    def sizes(self) -> np.ndarray:
        """Units in each group, the largest first."""
        return np.sort(np.unique(self.group[self.group >= 0], return_counts=True)[1])[::-1]

    @property
    def count(self) -> int:
        """Number of groups; a unit without clones is one of its own."""
        return len(self.sizes)

    def __repr__(self) -> str:
        largest = ", ".join(map(str, self.sizes[:5]))
        return f"Clones({self.count} groups of {(self.group >= 0).sum()} units: {largest}, ...)"


def clones(x: Any, *, rng: int | np.random.Generator | None = 0) -> Clones:
    """Find groups of units that carry the same, up to sign, scale and noise.

    Units are clustered (average linkage) by ``1 - |r|`` on one half of the stimuli; where the tree
    is cut is chosen by the mean silhouette on the other half. If no cut exceeds the best of nine
    Gaussian surrogates with the same eigenvalues in random bases, there are no clones, and every
    unit is a group of its own.

    Parameters
    ----------
    x : Responses or array of shape (n, p)
        One system's responses.
    rng : int or Generator
        Of the halves and the surrogates.

    Returns
    -------
    Clones
        The group of each unit, and how far apart groups are.

    Raises
    ------
    InputError
        Fewer than 10 stimuli.

    Notes
    -----
    Clones are many units for one feature, superposition is many features for one unit: the two ends
    of one scale. Within a group one-to-one matching has no answer; match groups, or by transport.
    Where all units carry one and the same, that is low rank, and no groups are found. Cost
    ``p^2 (n + p)`` for each of ten systems.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> few = rng.normal(size=(300, 4))
    >>> x = np.repeat(few, 3, axis=1) + 0.1 * rng.normal(size=(300, 12))  # each unit three times
    >>> len(set(clones(x).group.tolist()))
    4
    """
    rng = _validate.as_rng(rng)
    values = as_responses(x).toarray().astype(np.float64)
    n, p = values.shape
    if n < 10:
        raise InputError(f"Clones need at least 10 stimuli, got {n}.")
    varies = values.std(axis=0) > 1e-12 * np.abs(values).max()
    alive = values[:, varies]
    group = np.full(p, -1)
    group[varies] = np.arange(alive.shape[1])
    none = Clones(
        group=group, silhouette=float("nan"), silhouette_surrogate=float("nan"), within=float("nan")
    )
    if alive.shape[1] < 3:
        return none
    found, quality, apart = _clustered(alive, rng)
    power = np.maximum(np.linalg.eigvalsh(np.cov(alive.T)), 0)
    other = max(_clustered(gaussian_of_spectrum(power, n, rng), rng)[1] for _ in range(_SURROGATES))
    same = (found[:, None] == found) & ~np.eye(len(found), dtype=bool)
    if quality <= other or not same.any():
        return Clones(
            group=group, silhouette=quality, silhouette_surrogate=other, within=float("nan")
        )
    group[varies] = found
    return Clones(
        group=group,
        silhouette=quality,
        silhouette_surrogate=other,
        within=float(1 - apart[same].mean()),
    )


def _clustered(
    values: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, float, np.ndarray]:
    """Return groups (p,), their held-out silhouette, and the held-out distances (p, p)."""
    from scipy.cluster.hierarchy import average, fcluster
    from scipy.spatial.distance import squareform

    rows = np.array_split(rng.permutation(len(values)), 2)
    first, second = (_apart(values[half]) for half in rows)
    tree = average(squareform(first, checks=False))
    p = len(first)
    cuts = np.unique(np.round(np.geomspace(2, p - 1, 40)).astype(int)) if p > 40 else range(2, p)
    best, quality = np.arange(p), -1.0
    for count in cuts:
        groups = fcluster(tree, count, criterion="maxclust") - 1
        score = _silhouette(second, groups)
        if score > quality:
            best, quality = groups, score
    return best, quality, second


def _silhouette(apart: np.ndarray, groups: np.ndarray) -> float:
    """Return the mean silhouette; units alone count 0, and one group of all has none (-1)."""
    if groups.max() == 0:
        return -1.0
    member = np.eye(groups.max() + 1)[groups]
    size = member.sum(axis=0)
    to = apart @ member  # (p, g), sums
    own = size[groups]
    inside = to[np.arange(len(groups)), groups] / np.maximum(own - 1, 1)
    means = to / size
    means[np.arange(len(groups)), groups] = np.inf
    outside = means.min(axis=1)
    widest = np.maximum(np.maximum(inside, outside), 1e-300)
    return float(np.where(own > 1, (outside - inside) / widest, 0.0).mean())


def _apart(values: np.ndarray) -> np.ndarray:
    """Return ``1 - |r|`` of units; 1 for units that do not vary in these rows."""
    centred = values - values.mean(axis=0)
    norm = np.linalg.norm(centred, axis=0)
    scaled = centred / np.where(norm > 0, norm, np.inf)
    apart = 1 - np.minimum(np.abs(scaled.T @ scaled), 1)
    np.fill_diagonal(apart, 0)
    return apart


def gaussian_of_spectrum(power: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return normal responses with these eigenvalues of their covariance, in a random basis."""
    basis = np.linalg.qr(rng.normal(size=(len(power), len(power))))[0]
    return rng.normal(size=(n, len(power))) * np.sqrt(power) @ basis.T
