"""The study `identifiability`: classification recovers latents up to a linear map."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from unbraid import worlds
from unbraid._config import Config
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies._together import together

_INSTANCES = 3  # of each class
_IDENTIFIED = 0.98  # variance explained that counts as identified


class Case(Config):
    """One world of the study, and what is classified in it."""

    sweep: str
    """What it varies."""
    world: worlds.SphereWorld = worlds.SphereWorld()
    labels: Literal["classes", "instances", "views"] = "classes"
    """What is learned: classes; instances, of which each class has three and of which every
    observation is a fresh view; or single views, each a class of its own, seen many times."""
    normalised: bool = True
    """Whether the representation has length 1."""


_WORLD = worlds.SphereWorld
_DEFAULT = Case(sweep="default")
_CASES = (
    _DEFAULT,
    Case(sweep="free", normalised=False),
    *(Case(sweep="dimension", world=_WORLD(dimension=d)) for d in (3, 10, 20)),
    *(Case(sweep="classes", world=_WORLD(n_classes=c)) for c in (3, 10, 300)),
    *(Case(sweep="kappa", world=_WORLD(concentration=k)) for k in (1.0, 5.0, 50.0)),
    *(Case(sweep="law", world=_WORLD(law=law)) for law in ("normal", "laplace", "uniform")),
    *(Case(sweep="cluster law", world=_WORLD(cluster_law=law)) for law in ("laplace", "uniform")),
    Case(sweep="instances", world=_WORLD(n_classes=100), labels="instances"),
    Case(sweep="single views", labels="views"),
    Case(sweep="single views, free", labels="views", normalised=False),
)


class Identifiability(Study):
    """Encoders trained to classify, in worlds where the latents are known."""

    name: ClassVar[str] = "identifiability"
    question: ClassVar[str] = (
        "Does learning to classify recover the latents behind nonlinear observations up to a "
        "linear map, and where does it break?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "cases": (_DEFAULT, Case(sweep="classes", world=worlds.SphereWorld(n_classes=3))),
        "seeds": 1, "steps": 2_000,
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=3, ge=1)
    """Worlds and encoders of each case."""
    cases: tuple[Case, ...] = Field(default=_CASES, min_length=1)
    """Worlds."""
    n_train: int = Field(default=60_000, ge=100)
    """Observations to learn from."""
    n_evaluation: int = Field(default=8_192, ge=100)
    """New observations: one half fits the linear map, the other tests it."""
    steps: int = Field(default=4_000, ge=1)
    """Training steps."""
    n_views: int = Field(default=300, ge=10)
    """Single views, where each observation is a class of its own."""
    hidden: tuple[int, ...] = (64, 64, 64)
    """Hidden layers of the encoder."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train in each world, regress the latents on what was learned."""
        table = []
        cells = [(i, s) for i in range(len(self.cases)) for s in range(self.seeds)]
        found_in = together(
            self._run, cells, lambda cell: f"{self.cases[cell[0]].sweep}, {cell[1] + 1}", progress
        )
        for i, case in enumerate(self.cases):
            runs = found_in[i * self.seeds : (i + 1) * self.seeds]
            world = case.world
            row: dict[str, Any] = {
                "sweep": case.sweep, "dimension": world.dimension, "classes": world.n_classes,
                "kappa": world.concentration, "law": world.law, "cluster_law": world.cluster_law,
                "told_apart": case.labels, "length": "1" if case.normalised else "free",
                "seeds": self.seeds,
            }  # fmt: skip
            for name in runs[0]:
                found = across([run[name] for run in runs], most=1)
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
                "R2: linear regression of latents on the representation, fitted on one half of new "
                "observations and judged on the other. `stretch` is 0 where the map is orthogonal "
                "up to scale: theory has it so for representations of length 1.",
                "Instances are drawn as the theorem has it: a class each, and a fresh view every "
                "time. With single views, seen again and again, the encoder can learn them by "
                "heart.",
                "The paper's encoder is larger (five layers of up to 250 units, batch norm); more "
                "stimuli and steps raise R2.",
            ],
        )

    def _run(self, cell: tuple[int, int]) -> dict[str, float]:
        case = self.cases[cell[0]]
        rng = np.random.default_rng((self.seed, *cell))
        sphere = case.world.build(rng=rng)
        train = sphere.sample(self.n_views if case.labels == "views" else self.n_train, rng=rng)
        new = sphere.sample(self.n_evaluation, rng=rng)
        labels = train.classes
        if case.labels == "views":
            labels = np.arange(len(labels))
        elif case.labels == "instances":
            labels = _INSTANCES * labels + rng.integers(_INSTANCES, size=len(labels))
        learner = worlds.Discriminator(
            dimension=case.world.dimension,
            steps=self.steps,
            hidden=self.hidden,
            normalised=case.normalised,
        )
        encoder = learner.train(train.observations, labels, rng=rng)
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
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in table:
        rows.setdefault(row["sweep"], []).append(row)
    (main,) = rows["default"]
    few = [row for row in table if row["classes"] < row["dimension"]]
    claims = [
        Claim(
            text="learning 100 classes recovers 5 latents linearly",
            holds=main["r2"] > _IDENTIFIED,
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
    if "instances" in rows:
        (instances,), (views,) = rows["instances"], rows["single views"]
        claims.append(
            Claim(
                text="classifying instances recovers them too, from fresh views",
                holds=instances["r2"] > _IDENTIFIED > views["r2"],
                evidence=f"R2 {instances['r2']:.3f}; {views['r2']:.3f} from single views that are "
                "learned by heart",
            )
        )
    if "law" in rows:
        other = rows["law"] + rows["cluster law"]
        claims.append(
            Claim(
                text="it needs the latents' law: R2 is lower for Laplace latents than for von "
                "Mises-Fisher ones",
                holds=all(r["r2"] < main["r2"] - 0.01 for r in other if r["law"] == "laplace"),
                evidence=", ".join(
                    f"{r['law']} latents, {r['cluster_law']} clusters {r['r2']:.3f}" for r in other
                ),
            )
        )
    if "free" in rows:
        (free,) = rows["free"]
        claims.append(
            Claim(
                text="the map is orthogonal where representations have length 1",
                holds=main["stretch"] < 0.05 and main["stretch"] < free["stretch"],
                evidence=f"stretch {main['stretch']:.3f}, without the constraint "
                f"{free['stretch']:.3f} (R2 {free['r2']:.3f})",
            )
        )
    return claims


def _figure(table: list[dict[str, Any]], seeds: int) -> Figure:
    names = [_name(row) for row in table]
    return Figure(
        kind="bar", title="Latents recovered by a linear map", x_label="world", y_label="R2",
        series=[
            series("learned", names, table, y="r2"),
            *(
                Series(name=name, x=names, y=[row[f"r2_{name}"] for row in table], kind="control")
                for name in ("untrained", "observations")
            ),
        ],
        caption=f"Held-out R2, mean of {seeds} world(s) and encoder(s) each.",
    )  # fmt: skip


def _name(row: dict[str, Any]) -> str:
    """Return what is unlike the default case."""
    value = {
        "dimension": f"d = {row['dimension']}",
        "classes": f"{row['classes']} classes",
        "kappa": f"kappa = {row['kappa']:g}",
        "law": f"{row['law']} latents",
        "cluster law": f"{row['cluster_law']} clusters",
        "free": "length free",
    }
    return value.get(row["sweep"], row["sweep"])
