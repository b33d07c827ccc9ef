"""The study `axes`: whether units are special directions, or any rotation would do."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import worlds
from unbraid._progress import Progress, part
from unbraid.studies._across import Across, across
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.known_truth._known import value

_METRICS = ("semi_matching", "soft_matching", "cka", "ridge")


class Axes(Study):
    """Scores of native units against those of randomly rotated ones, in three worlds."""

    name: ClassVar[str] = "axes"
    question: ClassVar[str] = (
        "Do units of two systems match because their axes are privileged, or would any rotation "
        "of them match as well?"
    )
    reduced: ClassVar[dict[str, Any]] = {"pairs": 3, "steps": 700, "n_stimuli": 2_000}

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    pairs: int = Field(default=5, ge=2)
    """Pairs of models."""
    rotations: int = Field(default=3, ge=1)
    """Rotations of each pair."""
    steps: int = Field(default=3_000, ge=1)
    """Training steps of the models."""
    n_stimuli: int = Field(default=5_000, ge=100)
    """Held-out stimuli."""

    def answer(self, progress: Progress) -> StudyResult:
        """Score each pair as it is and with the source rotated."""
        table: list[dict[str, Any]] = []
        found: dict[tuple[str, str], Across] = {}
        for i, (name, pairs) in enumerate(self._worlds(part(progress, 0, 0.7)).items()):
            progress(f"rotating {name}", 0.7 + 0.1 * i)
            rng = np.random.default_rng((self.seed, 100 + i))
            scores = [self._native_and_rotated(x, y, rng) for x, y in pairs]
            for metric in _METRICS:
                native, rotated, gain = (
                    across([score[metric][j] for score in scores]) for j in range(3)
                )
                found[name, metric] = gain
                table.append(
                    {"world": name, "metric": metric, "native": native.mean,
                     "rotated": rotated.mean, "difference": gain.mean, "low": gain.low,
                     "high": gain.high, "pairs": self.pairs}
                )  # fmt: skip
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(found),
            table=table,
            figures=[_figure(table, world) for world in dict.fromkeys(r["world"] for r in table)],
            settings={},
            notes=[
                "The source is multiplied by a random orthogonal matrix; the target is left as it "
                "is. CKA and ridge cannot see it, matching can.",
                "64 features in each world; even 64 units do not learn one feature each.",
                "Linear projections have no axes: rotation changes nothing on average.",
            ],
        )

    def _worlds(self, progress: Progress) -> dict[str, list[tuple[np.ndarray, np.ndarray]]]:
        found = {}
        rng = np.random.default_rng(self.seed)
        for i, (name, h) in enumerate((("64 rectified units", 64), ("32 rectified units", 32))):
            world = worlds.ToyWorld(
                n_units=h, importance="uniform", steps=self.steps, learning_rate=3e-3
            )
            models = world.train(
                2 * self.pairs, rng=rng, progress=part(progress, i / 2, (i + 1) / 2)
            )
            z = models.held_out_features(self.n_stimuli)
            units = [models.responses(j, z) for j in range(2 * self.pairs)]
            found[name] = list(zip(units[::2], units[1::2], strict=True))
        features = worlds.SparseFeatures()
        linear = []
        for _ in range(self.pairs):
            z = features.sample(self.n_stimuli, rng=rng)
            linear.append(worlds.Projection(n_units=32).project(z, rng=rng).responses)
        found["linear projection"] = [(x, y) for x, y in linear]
        return found

    def _native_and_rotated(
        self, x: np.ndarray, y: np.ndarray, rng: np.random.Generator
    ) -> dict[str, tuple[float, float, float]]:
        turns = [
            np.linalg.qr(rng.normal(size=(x.shape[1], x.shape[1])))[0]
            for _ in range(self.rotations)
        ]
        found = {}
        for metric in _METRICS:
            native = value(metric, x, y)
            rotated = float(np.mean([value(metric, x @ turn, y) for turn in turns]))
            found[metric] = (native, rotated, native - rotated)
        return found


def _claims(found: dict[tuple[str, str], Across]) -> list[Claim]:
    linear = found["linear projection", "semi_matching"]
    trained = [
        found[world, "semi_matching"] for world in ("64 rectified units", "32 rectified units")
    ]
    blind = [abs(v.mean) for (_, metric), v in found.items() if metric in ("cka", "ridge")]
    return [
        Claim(
            text="rectified units trained on sparse features have privileged axes",
            holds=all(gain.low > 0 for gain in trained),
            evidence="semi-matching lost by rotation: " + ", ".join(str(gain) for gain in trained),
        ),
        Claim(
            text="linear projections have none",
            holds=abs(linear.mean) < 0.05,
            evidence=f"semi-matching lost by rotation: {linear}",
        ),
        Claim(
            text="CKA and regression cannot see axes",
            holds=max(blind) < 0.02,
            evidence=f"largest difference {max(blind):.4f}",
        ),
    ]


def _figure(table: list[dict[str, Any]], world: str) -> Figure:
    rows = [row for row in table if row["world"] == world]
    names = [row["metric"] for row in rows]
    return Figure(
        kind="bar", title=world, x_label="metric", y_label="score",
        series=[
            Series(name="native", x=names, y=[row["native"] for row in rows]),
            Series(name="rotated", x=names, y=[row["rotated"] for row in rows], kind="control"),
        ],
        caption=f"Means over {rows[0]['pairs']} pairs.",
    )  # fmt: skip
