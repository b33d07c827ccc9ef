"""The study `bound`: how many features can be active at once before codes cannot be recovered."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret, theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.known_truth._known import true_dictionary

_RECOVERED = 0.95  # a feature is recovered at this correlation or above
_PUBLISHED = {  # K at C = 1 for N = 1e4, 1e5, 1e6
    "word2vec": (58, 38, 29),
    "CLIP (512)": (115, 71, 52),
    "ViT-B/16": (195, 113, 82),
    "LLaMA-7B": (None, 862, 545),
}


class Bound(Study):
    """The boundary ``M = K ln(N/K)``, beside where recovery with known atoms really begins."""

    name: ClassVar[str] = "bound"
    question: ClassVar[str] = (
        "How many features can be active at a time in the units of real models, and is the bound "
        "where recovery begins?"
    )
    reduced: ClassVar[dict[str, Any]] = {"n_features": 64, "seeds": 2, "n_stimuli": 300,
                                         "active": (2, 4)}  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Encodings of each size."""
    n_features: int = Field(default=128, ge=4)
    """N in the simulation."""
    active: tuple[int, ...] = Field(default=(2, 4, 8), min_length=1)
    """K in the simulation."""
    ratios: tuple[float, ...] = Field(default=(0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0), min_length=1)
    """Units in the simulation, as multiples of ``K ln(N/K)``."""
    n_stimuli: int = Field(default=1000, ge=10)
    """Stimuli of each simulation."""

    def answer(self, progress: Progress) -> StudyResult:
        """Tabulate the bound and look for the transition."""
        table = [{"part": "models", **row} for row in theory.boundary_table()]
        curves, starts = [], {}
        for i, k in enumerate(self.active):
            progress(f"{k} active features", i / len(self.active))
            rng = np.random.default_rng((self.seed, k))
            curve = {ratio: across(self._recovery(k, ratio, rng), most=1) for ratio in self.ratios}
            curves.append(series(f"K = {k}", list(curve), [c.row for c in curve.values()]))
            good = [ratio for ratio, c in curve.items() if c.mean >= _RECOVERED]
            starts[k] = min(good, default=np.inf)
            table += [
                {"part": "simulation", "active": k, "ratio": ratio, **c.row}
                for ratio, c in curve.items()
            ]
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(starts, curves),
            table=table,
            figures=[_boundary(), self._transition(curves)],
            settings={},
            notes=[
                "The bound is for random encodings and no noise. Where the atoms have to be "
                "learned, and more so with an autoencoder's linear encoder, more units are needed.",
            ],
        )

    def _recovery(self, k: int, ratio: float, rng: np.random.Generator) -> list[float]:
        n_units = max(1, round(ratio * theory.units_needed(self.n_features, k)))
        features = worlds.SparseFeatures(
            n_features=self.n_features, active=k, support="exact", low=0.5, high=1.5
        )
        found = []
        for _ in range(self.seeds):
            z = features.sample(self.n_stimuli, rng=rng)
            world = worlds.Projection(n_units=n_units).project(z, n_systems=1, rng=rng)
            dictionary = true_dictionary(world.encodings[0], k, penalty=1e-3)
            found.append(interpret.mcc(dictionary.encode(world.responses[0]), z))
        return found

    def _claims(self, starts: dict[int, float], curves: list[Series]) -> list[Claim]:
        wrong = [
            (model, n)
            for model, expected in _PUBLISHED.items()
            for n, k in zip((1e4, 1e5, 1e6), expected, strict=True)
            if k is not None and round(theory.max_active(n, _units_of(model))) != k
        ]
        below = [y for s in curves for x, y in zip(s.x, s.y, strict=True) if x < 1]
        claims = [
            Claim(
                text="the boundary of known models is as tabulated",
                holds=not wrong,
                evidence=f"LLaMA-7B: {theory.max_active(1e6, 4096):.0f} of a million features "
                f"active; word2vec: {theory.max_active(1e6, 300):.0f}",
            ),
            Claim(
                text="a constant of 1.5 suffices with known atoms",
                holds=max(starts.values()) <= 1.5,
                evidence=", ".join(f"K = {k}: MCC >= .95 from {r:g}" for k, r in starts.items()),
            ),
        ]
        if below:
            claims.append(
                Claim(
                    text="below M = K ln(N/K) features are not recovered even with known atoms",
                    holds=max(below) < _RECOVERED,
                    evidence=f"largest MCC below the bound {max(below):.2f}",
                )
            )
        return claims

    def _transition(self, curves: list[Series]) -> Figure:
        return Figure(
            kind="line",
            title="Recovery with known atoms",
            x_label="M / (K ln(N/K))",
            y_label="MCC of codes with true features",
            series=curves,
            caption=f"N = {self.n_features}, {self.seeds} encodings each; the bound is at 1.",
        )


def _units_of(model: str) -> int:
    (found,) = (m.n_units for m in theory.KNOWN_MODELS if m.name == model)
    return found


def _boundary() -> Figure:
    ends = math.e * np.array([model.n_units for model in theory.KNOWN_MODELS])  # every K, till here
    n = np.sort(np.concatenate([np.geomspace(1e3, 1e7, 33), ends * 0.9999, ends * 1.0001]))
    n = n[n >= 1e3]
    return Figure(
        kind="line",
        title="Most active features that can be separated",
        x_label="number of features N",
        y_label="active features K",
        series=[
            Series(
                name=f"{model.name} ({model.n_units} units)",
                x=n.tolist(),
                y=np.asarray(theory.max_active(n, model.n_units)).tolist(),
                kind="theory",
            )
            for model in theory.KNOWN_MODELS
        ],
        caption="The curve M = K ln(N/K) for the hidden sizes of known models; sparse codes can be "
        "recovered below a curve.",
        log_x=True,
        log_y=True,
    )
