"""The study `pipeline`: identify, unbraid and judge in one world of pictures."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import align, interpret, sparse, theory, worlds
from unbraid._progress import Progress, part
from unbraid.responses import Responses
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Study, StudyResult
from unbraid.studies.known_truth._known import fit, value

_SIDES = ("units", "codes", "random codes")


class Pipeline(Study):
    """Networks that name handwriting, and all three steps taken on them."""

    name: ClassVar[str] = "pipeline"
    question: ClassVar[str] = (
        "In networks trained on pictures, are the units linear in what is shown, do sparse "
        "codes recover it, do they align better, and does each stand for one thing?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "seeds": 1,
        "world": worlds.NamingNetworks(
            canvases=worlds.HandwrittenCanvases(n_train=6_000, n_evaluation=1_500), epochs=8
        ),
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=3, ge=1)
    """Worlds, with two networks each."""
    world: worlds.NamingNetworks = worlds.NamingNetworks()
    """Pictures and networks."""
    n_latents: int = Field(default=48, ge=2)
    """Latents of a dictionary."""
    top: int = Field(default=20, ge=2)
    """Number of pictures that excite a unit most, compared for what they share."""

    def answer(self, progress: Progress) -> StudyResult:
        """Build the worlds and take the three steps in each."""
        runs = []
        for s in range(self.seeds):
            rng = np.random.default_rng((self.seed, s))
            runs.append(self._run(rng, part(progress, s / self.seeds, (s + 1) / self.seeds)))
        table = []
        for (step, measure, side), values in _transposed(runs).items():
            found = across(values, most=1)
            table.append({"step": step, "measure": measure, "side": side, **found.row})
        numbers = {(row["measure"], row["side"]): row["mean"] for row in table}
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(numbers),
            table=table,
            figures=[_figure(table, self.seeds)],
            settings={},
            notes=[
                "Everything is measured on pictures in handwriting that no network and no "
                "dictionary has seen. Purity: share of the pictures that excite a unit most which "
                "show its commonest feature.",
                "Predicted: mean over features of the product of both networks' correlations "
                "with them, what matching gives if errors are independent; networks that err on "
                "the same handwriting match better.",
            ],
        )

    def _run(self, rng: np.random.Generator, progress: Progress) -> dict:
        world = self.world.build(rng=rng, progress=part(progress, 0, 0.7))
        truth = Responses(world.evaluation.features, stimuli=world.evaluation.stimuli)
        z = world.evaluation.features
        method = sparse.SparseCoding(n_latents=self.n_latents)
        sides: dict[str, list] = {side: [] for side in _SIDES}
        linear = []
        for i, network in enumerate(world.networks):
            progress(f"dictionary of {network.name}", 0.7 + 0.1 * i)
            learned = fit(network.training, method, rng)
            random = fit(network.training, sparse.RandomDictionary(of=method), rng)
            sides["units"].append(network.evaluation)
            sides["codes"].append(learned.encode(network.evaluation))
            sides["random codes"].append(random.encode(network.evaluation))
            linear.append(value("ridge_r2", z, np.asarray(network.evaluation)))
        pixels = world.evaluation.images.reshape(len(z), -1)
        found: dict[tuple[str, str, str], float] = {
            ("world", "exact naming", "networks"): float(
                np.mean([network.accuracy for network in world.networks])
            ),
            ("identify", "r2 from features", "units"): float(np.mean(linear)),
            ("identify", "r2 from features", "pixels"): value(
                "ridge_r2", z, pixels[:, pixels.std(axis=0) > 0]
            ),
        }
        for side, (a, b) in sides.items():
            best = [interpret.best_correlations(codes, truth) for codes in (a, b)]
            found["unbraid", "best r with features", side] = float(np.mean(best))
            found["unbraid", "mcc", side] = (interpret.mcc(a, truth) + interpret.mcc(b, truth)) / 2
            found["judge", "semi-matching", side] = _both_ways(a, b)
            found["judge", "purity", side] = (_purity(a, z, self.top) + _purity(b, z, self.top)) / 2
            found["judge", "match of features' own units", side] = _own(a, b, truth)
            found["judge", "predicted match", side] = theory.recovered_score(*best)
        return found


def _both_ways(a: Any, b: Any) -> float:
    scores = [
        align.semi_matching(x, y, permutations=0, resamples=0).value for x, y in ((a, b), (b, a))
    ]
    return float(np.mean(scores))


def _own(a: Any, b: Any, truth: Responses) -> float:
    """Mean correlation between the two networks' best units of each feature."""
    best = [interpret.feature_correlations(x, truth).argmax(axis=0) for x in (a, b)]
    x, y = (np.asarray(side)[:, rows] for side, rows in zip((a, b), best, strict=True))
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = np.linalg.norm(x, axis=0) * np.linalg.norm(y, axis=0)
    return float(np.mean(np.sum(x * y, axis=0) / np.where(norm > 0, norm, np.inf)))


def _purity(units: Any, z: np.ndarray, top: int) -> float:
    """Share of each live unit's most exciting pictures that show their commonest feature."""
    values = np.asarray(units)
    values = values[:, values.std(axis=0) > 0]
    rows = np.argsort(-values, axis=0)[:top]  # (top, units)
    return float(z[rows].mean(axis=0).max(axis=1).mean())


def _transposed(runs: list[dict]) -> dict:
    return {key: [run[key] for run in runs] for key in runs[0]}


def _claims(found: dict[tuple[str, str], float]) -> list[Claim]:
    def of(measure: str) -> str:
        return ", ".join(f"{side} {found[measure, side]:.2f}" for side in _SIDES)

    r2 = found["r2 from features", "units"], found["r2 from features", "pixels"]
    own = found["match of features' own units", "codes"], found["predicted match", "codes"]
    return [
        Claim(
            text="identify: the units are closer to linear in the features than the pixels",
            holds=r2[0] > r2[1] and r2[0] > 0.6,
            evidence=f"R2 from the features: units {r2[0]:.2f}, pixels {r2[1]:.2f}",
        ),
        Claim(
            text="unbraid: codes stand for features that no unit stands for",
            holds=found["best r with features", "codes"]
            > 2 * found["best r with features", "units"]
            and found["best r with features", "codes"]
            > found["best r with features", "random codes"] + 0.2,
            evidence=of("best r with features"),
        ),
        Claim(
            text="judge: codes align better than units, and random codes do not",
            holds=found["semi-matching", "codes"] > found["semi-matching", "units"] + 0.1
            and found["semi-matching", "codes"] > found["semi-matching", "random codes"] + 0.1,
            evidence=of("semi-matching"),
        ),
        Claim(
            text="judge: what excites a code shares one feature",
            holds=found["purity", "codes"] > found["purity", "units"] + 0.1,
            evidence=of("purity"),
        ),
        Claim(
            text="codes match at least as well as independent errors would let them",
            holds=own[0] > own[1] - 0.05,
            evidence=f"measured {own[0]:.2f}, predicted {own[1]:.2f}",
        ),
    ]


def _figure(table: list[dict[str, Any]], seeds: int) -> Figure:
    measures = ("best r with features", "mcc", "semi-matching", "purity", "predicted match")
    bars = []
    for side in _SIDES:
        rows = {row["measure"]: row for row in table if row["side"] == side}
        kind = "control" if side == "random codes" else "measured"
        bars.append(series(side, measures, [rows[m] for m in measures], kind=kind))
    return Figure(
        kind="bar", title="Units, codes, and random codes", x_label="measure", y_label="score",
        series=bars, caption=f"Two networks a world, {seeds} world(s).",
    )  # fmt: skip
