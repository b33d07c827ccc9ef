"""Control of matchings: independent components of the units, as many as units."""

from __future__ import annotations

import numpy as np

from unbraid import sparse
from unbraid.responses import Responses
from unbraid.sparse._fit import fit_control

_CARRIED = 0.9999  # share of the variance that a rotation keeps
_MOST_TURNED = 512  # components; more take longer than most dictionaries
_ROWS, _ROWS_EACH = 2048, 8  # stimuli that a rotation is fitted on at most, and for each component
_STEPS = 100  # steps of FastICA, which never converges where there are no independent axes


def rotation(train: Responses, scored: Responses, rng: np.random.Generator) -> Responses:
    """Return the scored units turned to independent components, signed by skewness.

    Fitted on ``train``. As many components as units, without those of pure noise, which codes drop
    too: a flat tail of the covariance's eigenvalues (Wax and Kailath, 1985, by description length),
    and what carries less than 1e-4 of the variance; at most 512. Axes are turned, and no
    feature is taken out of superposition.
    """
    values = train.toarray()
    count = _components(values)
    most = rotation_size(len(values), count)[1]
    if len(values) > most:
        values = values[np.sort(rng.permutation(len(values))[:most])]
    ica = sparse.ICA(n_latents=count, max_steps=_STEPS)
    learned = fit_control(Responses(values), ica, rng=rng)
    return Responses(learned.encode(scored).toarray(), stimuli=scored.stimuli)


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
    r = len(power)
    kept = np.arange(r)  # components before a tail of r - kept
    left = r - kept
    of_tail, of_logs = power[::-1].cumsum()[::-1], np.log(power)[::-1].cumsum()[::-1]
    flatness = left * np.log(of_tail / left) - of_logs  # 0 where the tail is flat
    length = n * flatness / 2 + kept * (2 * r - kept) * np.log(n) / 4
    flat = int(length.argmin())
    flat = r if flat == r - 1 else flat  # a tail of one component is no tail
    carried = int(np.searchsorted(power.cumsum(), _CARRIED * power.sum())) + 1
    return max(1, min(flat, carried, r, _MOST_TURNED))
