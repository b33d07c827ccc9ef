"""The study `identifiability`: classification recovers latents up to a linear map."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import worlds
from unbraid._config import Config
from unbraid.studies._across import across
from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult


class Case(Config):
    """One world of the study."""

    sweep: str
    """What it varies."""
    world: worlds.SphereWorld = worlds.SphereWorld()


_DEFAULT = Case(sweep="default")
_CASES = (
    _DEFAULT,
    *(Case(sweep="dimension", world=worlds.SphereWorld(dimension=d)) for d in (3, 10, 20)),
    *(Case(sweep="classes", world=worlds.SphereWorld(n_classes=c)) for c in (3, 10, 1000)),
    *(Case(sweep="kappa", world=worlds.SphereWorld(concentration=k)) for k in (1.0, 5.0, 50.0)),
    *(Case(sweep="law", world=worlds.SphereWorld(law=law)) for law in ("normal", "laplace")),
)


class Identifiability(Study):
    """Encoders trained to tell classes apart, in worlds where the latents are known."""

    name: ClassVar[str] = "identifiability"
    question: ClassVar[str] = (
        "Does learning to classify recover the latents behind nonlinear observations up to a "
        "linear map, and where does it break?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "cases": (_DEFAULT, Case(sweep="classes", world=worlds.SphereWorld(n_classes=3))),
        "seeds": 1, "steps": 1_200, "n_train": 40_000, "hidden": (96, 96, 96),
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Worlds and encoders of each case."""
    cases: tuple[Case, ...] = _CASES
    """Worlds."""
    n_train: int = Field(default=60_000, ge=100)
    """Observations to learn from."""
    n_evaluation: int = Field(default=8_192, ge=100)
    """New observations: one half fits the linear map, the other judges it."""
    steps: int = Field(default=4_000, ge=1)
    """Training steps."""
    hidden: tuple[int, ...] = (128, 128, 128)
    """Hidden layers of the encoder."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train in each world, regress the latents on what was learned."""
        table = []
        for i, case in enumerate(self.cases):
            runs = []
            for s in range(self.seeds):
                progress(
                    f"{case.sweep}: {case.world!r}"[:60], (i + s / self.seeds) / len(self.cases)
                )
                runs.append(self._run(case.world, np.random.default_rng((self.seed, i, s))))
            world = case.world
            row: dict[str, Any] = {
                "sweep": case.sweep, "dimension": world.dimension, "classes": world.n_classes,
                "kappa": world.concentration, "law": world.law, "seeds": self.seeds,
            }  # fmt: skip
            for name in runs[0]:
                found = across([run[name] for run in runs])
                row[name] = found.mean
                if name == "r2":
                    row |= {"low": found.low, "high": found.high}
            table.append(row)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(table),
            table=table,
            figures=[_figure(table, self.seeds)],
            settings={},
            notes=[
                "Class discrimination with unit-length representations. R2: linear regression of "
                "latents on the representation, fitted on one half of new observations and judged "
                "on the other. `stretch` is 0 where the map is orthogonal up to scale.",
                "The paper's encoder is larger (five layers of up to 250, batch norm) and learns "
                "by instance discrimination too; more stimuli and steps raise R2.",
            ],
        )

    def _run(self, config: worlds.SphereWorld, rng: np.random.Generator) -> dict[str, float]:
        sphere = config.build(rng=rng)
        train = sphere.sample(self.n_train, rng=rng)
        new = sphere.sample(self.n_evaluation, rng=rng)
        learner = worlds.Discriminator(
            dimension=config.dimension, steps=self.steps, hidden=self.hidden
        )
        encoder = learner.train(train.observations, train.classes, rng=rng)
        untrained = learner.with_options(["steps=0"]).train(
            train.observations[:1000], train.classes[:1000], rng=rng
        )
        r2, stretch = _linear(encoder.represent(new.observations), new.latents)
        return {
            "r2": r2,
            "stretch": stretch,
            "r2_untrained": _linear(untrained.represent(new.observations), new.latents)[0],
            "r2_observations": _linear(new.observations, new.latents)[0],
        }


def _linear(source: np.ndarray, target: np.ndarray) -> tuple[float, float]:
    """R2 of a linear map on the held-out half, and the relative spread of its singular values."""
    half = len(source) // 2
    design = np.column_stack([source, np.ones(len(source))])
    weights = np.linalg.lstsq(design[:half], target[:half], rcond=None)[0]
    left = target[half:] - design[half:] @ weights
    total = target[half:] - target[half:].mean(axis=0)
    sizes = np.linalg.svd(weights[:-1], compute_uv=False)
    spread = np.abs(sizes - sizes.mean()).mean() / sizes.mean()
    return float(1 - np.square(left).sum() / np.square(total).sum()), float(spread)


def _claims(table: list[dict[str, Any]]) -> list[Claim]:
    main = next(row for row in table if row["sweep"] == "default")
    few = [row for row in table if row["classes"] < row["dimension"]]
    claims = [
        Claim(
            text="learning 100 classes recovers 5 latents linearly",
            holds=main["r2"] > 0.95,
            evidence=f"R2 {main['r2']:.3f}",
        ),
        Claim(
            text="neither the observations nor an untrained encoder give them",
            holds=max(main["r2_observations"], main["r2_untrained"]) < main["r2"] - 0.05,
            evidence=f"R2 {main['r2_observations']:.3f} from the observations, "
            f"{main['r2_untrained']:.3f} from an untrained encoder",
        ),
    ]
    if few:
        claims.append(
            Claim(
                text="with fewer classes than dimensions it breaks",
                holds=all(row["r2"] < main["r2"] - 0.1 for row in few),
                evidence=", ".join(f"{row['classes']} classes: R2 {row['r2']:.3f}" for row in few),
            )
        )
    return claims


def _figure(table: list[dict[str, Any]], seeds: int) -> Figure:
    names = [
        f"d={row['dimension']} C={row['classes']} k={row['kappa']:g} {row['law']}" for row in table
    ]
    kinds = (("learned", "r2", "measured"), ("untrained", "r2_untrained", "control"),
             ("observations", "r2_observations", "control"))  # fmt: skip
    return Figure(
        kind="bar", title="Latents recovered by a linear map", x_label="world", y_label="R2",
        series=[
            Series(name=name, x=names, y=[row[key] for row in table], kind=kind)
            for name, key, kind in kinds
        ],
        caption=f"Held-out R2, mean of {seeds} world(s) and encoder(s) each.",
    )  # fmt: skip
