"""The study `arrangement`: whether seeds superpose features alike, and what decides it."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import Across, across, series
from unbraid.studies._study import Claim, Figure, Study, StudyResult


class Arrangement(Study):
    """Three features in two units, over the correlation of two of them with the third."""

    name: ClassVar[str] = "arrangement"
    question: ClassVar[str] = (
        "Do models of different seeds arrange three features in two units alike, and how does it "
        "depend on the features' correlation?"
    )
    reduced: ClassVar[dict[str, Any]] = {"step": 1.0, "seeds": 6, "training_steps": 700}

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=10, ge=3)
    """Models of each correlation, trained as one batch."""
    step: float = Field(default=0.25, gt=0, le=2)
    """Step of the grid of latent correlations from -1 to 1."""
    training_steps: int = Field(default=2_000, ge=1)
    """Of each model."""
    learning_rate: float = Field(default=1e-2, gt=0)
    """Of AdamW."""
    batch_size: int = Field(default=512, ge=1)
    """Samples a step."""
    probability: float = Field(default=0.1, gt=0, le=0.5)
    """That a feature is active."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train every cell of the grid; its two axes are alike, so half of it is enough."""
        grid = np.round(np.arange(-1, 1 + 1e-9, self.step), 6)
        cells = [(a, b) for i, a in enumerate(grid) for b in grid[: i + 1]]
        found: dict[tuple[float, float], Across] = {}
        for i, (a, b) in enumerate(cells):
            progress(f"correlations {a:+.2f} and {b:+.2f}", i / len(cells))
            found[a, b] = found[b, a] = self._consistency(a, b)
        table = [{"f1_f0": a, "f2_f0": b, **found[a, b].row} for a in grid for b in grid]
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(found),
            table=table,
            figures=[_figure(found, grid, self.seeds)],
            settings={},
            notes=[
                "Correlations are those of a Gaussian copula of activity; features 1 and 2 are "
                "independent given feature 0. Importance is equal.",
                "Consistency: for each target unit the best correlation of its weights with those "
                "of a source unit, mean over ordered pairs of models. With three weights a unit, "
                "chance is high: compare cells with each other.",
                "Intervals take models, not pairs, as independent: each model's mean match with "
                "all others.",
            ],
        )

    def _rng(self, a: float, b: float) -> np.random.Generator:
        return np.random.default_rng((self.seed, round(1000 * (a + 1)), round(1000 * (b + 1))))

    def _consistency(self, a: float, b: float) -> Across:
        correlation = ((1.0, a, b), (a, 1.0, a * b), (b, a * b, 1.0))
        world = worlds.ToyWorld(
            n_units=2,
            features=worlds.CorrelatedFeatures(
                correlation=correlation, probability=self.probability
            ),
            importance="uniform",
            steps=self.training_steps,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
        )
        models = world.train(self.seeds, rng=self._rng(a, b))
        centred = models.weights - models.weights.mean(axis=1, keepdims=True)
        matches = np.full((self.seeds, self.seeds), np.nan)
        for i in range(self.seeds):
            for j in range(self.seeds):
                if i != j:
                    matches[i, j] = _match(centred[i], centred[j])
        return across(np.nanmean(matches, axis=0), most=1)


def _match(source: np.ndarray, target: np.ndarray) -> float:
    """Semi-matching of weights (features, units); a unit without weights matches nothing."""
    cosines = theory.unit_cosines(source, target)
    return float(np.where(np.isnan(cosines), 0, cosines).max(axis=0).mean())


def _claims(found: dict[tuple[float, float], Across]) -> list[Claim]:
    means = {cell: value.mean for cell, value in found.items()}
    best, worst = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    return [
        Claim(
            text="models of different seeds do not all arrange identical features alike",
            holds=means[worst] < 0.9,
            evidence=f"lowest {found[worst]} at correlations {worst[0]:+.2f}, {worst[1]:+.2f}",
        ),
        Claim(
            text="how alike depends on the features' correlation",
            holds=bool(found[best].low > found[worst].high),
            evidence=f"highest {found[best]} at {best[0]:+.2f}, {best[1]:+.2f}; independent "
            f"features {found[0.0, 0.0]}" if (0.0, 0.0) in found else f"highest {found[best]}",
        ),
    ]  # fmt: skip


def _figure(found: dict[tuple[float, float], Across], grid: np.ndarray, seeds: int) -> Figure:
    return Figure(
        kind="heatmap", title="Consistency of superposition across seeds",
        x_label="correlation of feature 1 with feature 0",
        y_label="correlation of feature 2 with feature 0",
        series=[
            series(f"{b:+.2f}", [f"{a:+.2f}" for a in grid], [found[a, b].row for a in grid])
            for b in grid
        ],
        caption=f"Three features in two units; {seeds} models a cell. Semi-matching of weights: "
        f"from {min(each.mean for each in found.values()):.2f} to "
        f"{max(each.mean for each in found.values()):.2f}.",
    )  # fmt: skip
