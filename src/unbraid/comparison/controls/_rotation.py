"""Control of matchings: independent components of the units, as many as units."""

from __future__ import annotations

import numpy as np

from unbraid import sparse
from unbraid.responses import Responses
from unbraid.sparse._fit import fit_control

_CARRIED = 0.9999  # share of the variance that a rotation keeps
_DEVIATIONS = 3.0  # of the flatness of noise: fewer than one tail in 700 is taken for signal
_MOST_TURNED = 512  # components; more take longer than most dictionaries
_ROWS, _ROWS_EACH = 2048, 8  # stimuli that a rotation is fitted on at most, and for each component
_STEPS = 100  # steps of FastICA, which never converges where there are no independent axes


def rotation(train: Responses, scored: Responses, rng: np.random.Generator) -> Responses:
    """Return the scored units turned to independent components, signed by skewness.

    Fitted on ``train``. As many components as units, without those of pure noise, which codes drop
    too: the tail of the covariance's eigenvalues that is as flat as noise of so many stimuli leaves
    it (``n U - p``, of mean 1 and variance 4: Ledoit and Wolf, 2002, proposition 3), and what
    carries less than 1e-4 of the variance; at most 512. Axes are turned, and no feature is taken
    out of superposition.
    """
    learned = turned_axes(train, rng)
    return Responses(learned.encode(scored).toarray(), stimuli=scored.stimuli)


def turned_axes(train: Responses, rng: np.random.Generator) -> sparse.Dictionary:
    """Return the independent components that ``rotation`` turns the units to."""
    values = train.toarray()
    count = _components(values)
    most = rotation_size(len(values), count)[1]
    if len(values) > most:
        values = values[np.sort(rng.permutation(len(values))[:most])]
    ica = sparse.ICA(n_latents=count, max_steps=_STEPS)
    return fit_control(Responses(values), ica, rng=rng)


def rotation_size(n: int, p: int) -> tuple[int, int, int]:
    """Return the steps, the stimuli and the components of a rotation at most."""
    p = min(p, _MOST_TURNED)
    return _STEPS, min(n, max(_ROWS, _ROWS_EACH * p)), p


def _components(values: np.ndarray) -> int:
    """Return how many principal components hold more than noise, from 1 to 512."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    n = len(centred)
    few = centred if n < centred.shape[1] else centred.T
    power = np.maximum(np.linalg.eigvalsh(few @ few.T)[::-1], 0)
    power = power[power > 1e-12 * power[0]]
    r, p = len(power), values.shape[1]
    dims = p if r >= n - 1 else r  # few stimuli show few of the directions that noise has
    kept = np.arange(r)  # components before the tail
    left, free = dims - kept, n - 1 - kept
    total, square = (power[::-1].cumsum()[::-1], (power**2)[::-1].cumsum()[::-1])
    spread = left * square / total**2 - 1  # 0 where the tail is flat; of noise, about left / free
    flat = np.flatnonzero((free * spread - left - 1 < 2 * _DEVIATIONS) & (free > 0) & (left > 1))
    first = int(flat[0]) if len(flat) else r
    carried = int(np.searchsorted(power.cumsum(), _CARRIED * power.sum())) + 1
    return max(1, min(first, carried, r, _MOST_TURNED))
