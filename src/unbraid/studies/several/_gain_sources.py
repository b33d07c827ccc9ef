"""Units of two networks, their codes, and what could explain a gain away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from unbraid import interpret, sparse
from unbraid.studies.known_truth._known import fit, value
from unbraid.studies.systems._pooled import compact

CONTROLS = ("untrained", "random relu", "wide relu", "rotation")
CODES = ("sparse coding", "TopK", "auto")
_FLAT = 1e-6  # share of the largest sd below which a unit does not vary


@dataclass(frozen=True, kw_only=True, eq=False)
class Recorded:
    """What one network answered, and what it was shown."""

    training: np.ndarray
    tested: np.ndarray
    labels: np.ndarray
    """(n_training, N)"""
    truth: np.ndarray
    """(n_tested, N)"""

    @property
    def alive(self) -> int:
        """Number of units that vary."""
        spread = self.training.std(axis=0)
        return int((spread > _FLAT * max(float(spread.max()), 1e-30)).sum())


def sources_of(net: Recorded, options: Any, rng: np.random.Generator) -> dict[str, Any]:
    """Return every source of a network on tested stimuli, (n, m): units, codes, controls."""
    x, y = net.training, net.tested
    p = x.shape[1]
    topk = sparse.TopK(n_latents=4 * p, k=min(options.k, 4 * p),
                       training=sparse.Training(steps=options.steps))  # fmt: skip
    found: dict[str, Any] = {"units": y}
    methods: dict[str, sparse.Method] = {
        "sparse coding": sparse.SparseCoding(n_latents=options.n_latents),
        "TopK": topk,
        "untrained": sparse.RandomDictionary(of=topk),
        "rotation": sparse.ICA(),
    }
    if options.auto:
        methods["auto"] = sparse.Auto()
    for name, method in methods.items():
        found[name] = fit(x, method, rng.spawn(1)[0]).encode(y).values
    found["random relu"] = _expanded(x, y, options.n_latents, rng.spawn(1)[0])
    found["wide relu"] = _expanded(x, y, options.wide, rng.spawn(1)[0])
    found["read-out"] = _read_out(x, net.labels, y)
    return found


def scores_of(
    a: dict[str, Any], b: dict[str, Any], first: Recorded
) -> dict[tuple[str, str], float]:
    """Return metric and source -> value: matching of like with like, ridge to the other's units."""
    found: dict[tuple[str, str], float] = {}
    how = {"order": "exchangeable"}
    for name, x in a.items():
        found["semi_matching", name] = value("semi_matching", x, b[name], **how)
        if name not in ("rotation", "read-out"):  # linear maps of the units predict as these do
            dense = x.toarray() if sp.issparse(x) else np.asarray(x)
            found["ridge", name] = value("ridge", compact(dense), b["units"], **how)
        found["mcc", name] = interpret.mcc(x, first.truth)
    return found


def _expanded(x: np.ndarray, y: np.ndarray, m: int, rng: np.random.Generator) -> np.ndarray:
    """Return ``relu((y - mean) W)``, directions random in the units' standard deviations."""
    spread = np.maximum(x.std(axis=0), _FLAT)
    directions = rng.normal(size=(x.shape[1], m)) / np.sqrt(x.shape[1])
    return np.maximum((y - x.mean(axis=0)) / spread @ directions, 0)


def _read_out(x: np.ndarray, labels: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the linear prediction of what is shown: least squares on training stimuli."""
    design = np.hstack([x, np.ones((len(x), 1))])
    weights = np.linalg.lstsq(design, labels, rcond=None)[0]
    return np.asarray(np.hstack([y, np.ones((len(y), 1))]) @ weights)


def gains(
    scores: dict[tuple[str, str], float], metric: str, codes: str
) -> tuple[float, float, str]:
    """Return the gain of codes over units and over the best control, and which control it is."""
    own = scores[metric, codes]
    best = max((c for c in CONTROLS if (metric, c) in scores), key=lambda c: scores[metric, c])
    return own - scores[metric, "units"], own - scores[metric, best], best
