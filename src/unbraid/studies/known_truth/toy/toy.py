"""The study `toy`: whether codes align better than neurons in toy models of superposition."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from unbraid import align, interpret, sparse, theory, worlds
from unbraid._progress import Progress, part
from unbraid.studies._across import across
from unbraid.studies._study import Study, StudyResult
from unbraid.studies._together import together
from unbraid.studies.known_truth.toy._autoencoders import initial, train_together
from unbraid.studies.known_truth.toy._findings import (
    NOTES,
    QUANTITIES,
    claims_of,
    figures_of,
    rows_of,
)

_SCORING = Lock()  # metrics set warning filters, which are not safe between threads


class Toy(Study):
    """The toy world of Longon et al. (2025) at their settings, over several pairs of seeds."""

    name: ClassVar[str] = "toy"
    question: ClassVar[str] = (
        "Do the latents of sparse autoencoders align better across seeds than the neurons they "
        "were learned from, and when do they not?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "units": (8, 32), "importances": ("power_law",), "pairs": 1, "steps": 1_200,
        "learning_rate": 3e-3, "sae_steps": 900, "sae_learning_rate": 1e-2,
        "n_evaluation": 6_000, "rsa_stimuli": 800,
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    pairs: int = Field(default=5, ge=1)
    """Independent pairs of models of each size."""
    units: tuple[int, ...] = Field(default=(8, 16, 32), min_length=1)
    """Sizes of the models."""
    importances: tuple[Literal["power_law", "uniform"], ...] = Field(
        default=("power_law", "uniform"), min_length=1
    )
    """Weights of the features in the models' loss."""
    steps: int = Field(default=10_000, ge=1)
    """Training steps of a model."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of the models."""
    sae_steps: int = Field(default=8_000, ge=1)
    """Training steps of an autoencoder: one pass over 8,192,000 stimuli."""
    sae_learning_rate: float = Field(default=1e-3, gt=0)
    """Of the autoencoders."""
    n_evaluation: int = Field(default=20_480, ge=100)
    """Held-out stimuli on which everything is scored."""
    rsa_stimuli: int = Field(default=3_000, ge=10)
    """Of these, the number whose pairs RSA uses."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train, unbraid, score, and check the claims against it."""
        cells: list[tuple[str, int]] = [(kind, h) for kind in self.importances for h in self.units]
        seeds = np.random.default_rng(self.seed).spawn(len(cells))
        shares = dict.fromkeys(cells, 0.0)

        def work(given: tuple[tuple[str, int], np.random.Generator]) -> dict[str, list]:
            cell, rng = given

            def tell(message: str, fraction: float) -> None:
                shares[cell] = fraction
                progress(f"{cell[0]}, {message}", sum(shares.values()) / len(cells))

            return self._cell(*cell, rng, tell)

        def told(_message: str, _fraction: float) -> None:
            """Stay silent: cells report their progress themselves."""

        parts = list(zip(cells, seeds, strict=True))
        found = dict(zip(cells, together(work, parts, str, told), strict=True))
        summary = {
            cell: {name: across(values) for name, values in numbers.items() if name in QUANTITIES}
            for cell, numbers in found.items()
        }
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=claims_of(summary),
            table=rows_of(summary, self.settings_are_published()),
            figures=figures_of(found, summary),
            settings={},
            notes=NOTES,
        )

    def settings_are_published(self) -> bool:
        """Whether models and autoencoders are trained as in the paper."""
        rates = (self.learning_rate, self.sae_learning_rate)
        return self.steps == 10_000 and self.sae_steps == 8_000 and rates == (1e-3, 1e-3)

    def _cell(
        self, importance: Any, h: int, rng: np.random.Generator, progress: Progress
    ) -> dict[str, list]:
        world = worlds.ToyWorld(
            n_units=h, importance=importance, steps=self.steps, learning_rate=self.learning_rate
        )
        world_rng, sae_rng = rng.spawn(2)
        models = world.train(2 * self.pairs, rng=world_rng, progress=part(progress, 0, 0.35))
        method = sparse.Longon2025Toy(
            k=_K.get((importance, h), 7), learning_rate=self.sae_learning_rate
        )
        seeds = [int(seed) for seed in sae_rng.integers(2**31, size=2 * self.pairs)]
        learned = train_together(
            models, method, seeds, steps=self.sae_steps, progress=part(progress, 0.35, 0.8)
        )
        z = models.held_out_features(self.n_evaluation)
        numbers: dict[str, list] = defaultdict(list)
        for p in range(self.pairs):
            progress(f"scoring pair {p + 1} of {h} units", 0.8 + 0.2 * p / self.pairs)
            both = slice(2 * p, 2 * p + 2)
            untrained = [
                initial(models, i, method, seed) for i, seed in enumerate(seeds[both], start=2 * p)
            ]
            with _SCORING:
                one = _score_pair(models, p, z, learned[both], untrained, self.rsa_stimuli)
            for name, value in one.items():
                numbers[name].append(value)
        return numbers


_K = {("uniform", 8): 4, ("uniform", 16): 5, ("uniform", 32): 7}  # the code's "bias" variant


def _score_pair(
    models: worlds.ToyModels,
    p: int,
    z: np.ndarray,
    learned: list[sparse.Dictionary],
    untrained: list[sparse.Dictionary],
    rsa_stimuli: int,
) -> dict[str, Any]:
    a, b = 2 * p, 2 * p + 1
    neurons = [models.responses(i, z) for i in (a, b)]
    codes = [d.encode(x) for d, x in zip(learned, neurons, strict=True)]
    random = [d.encode(x) for d, x in zip(untrained, neurons, strict=True)]
    few = slice(rsa_stimuli)

    def score(metric: str, x: Any, y: Any) -> float:
        protocol = "longon2025" if metric != "cka" else "unbraid"
        compute = align.METRICS[metric].compute
        return compute(x, y, protocol=protocol, permutations=0, resamples=0).value

    best_neurons = [interpret.best_correlations(x, z) for x in neurons]
    best_latents = [interpret.best_correlations(c, z) for c in codes]
    norms = np.linalg.norm(models.weights[[a, b]], axis=2)
    shared = np.flatnonzero(norms[0] * norms[1] >= 1)
    weights = models.weights[[a, b]][:, shared]  # (2, shared features, units)
    matches = _best_of_weights(*weights) if len(shared) > 2 else np.array([np.nan])
    return {
        "loss": float(models.losses[[a, b]].mean()),
        "shared features": float(len(shared)),
        "semi of weights": float(matches.mean()),
        "fvu": float(
            np.mean([d.fvu(x, c) for d, x, c in zip(learned, neurons, codes, strict=True)])
        ),
        "max r neurons": float(np.mean(best_neurons)),
        "max r latents": float(np.mean(best_latents)),
        "semi N->N": score("semi_matching", *neurons),
        "semi S->S": score("semi_matching", *codes),
        "semi R->S": score("semi_matching", random[0], codes[1]),
        "soft N->N": score("soft_matching", *neurons),
        "soft S->S": score("soft_matching", *codes),
        "soft R->S": score("soft_matching", random[0], codes[1]),
        "ridge N->N": score("ridge", *neurons),
        "ridge S->N": score("ridge", codes[0], neurons[1]),
        "ridge S->S": score("ridge", *codes),
        "ridge R->N": score("ridge", random[0], neurons[1]),
        "cka N": score("cka", *neurons),
        "cka S": score("cka", *codes),
        "rsa N": score("rsa", neurons[0][few], neurons[1][few]),
        "rsa S": score("rsa", codes[0][few], codes[1][few]),
        "overlap": norms[0] * norms[1],
        "weight matches": matches,
        "best neurons": np.concatenate(best_neurons),
        "best latents": np.concatenate(best_latents),
    }


def _best_of_weights(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Best correlation of each unit's weights (features, units) with a unit of the other model."""
    centred = [w - w.mean(axis=0) for w in (a, b)]
    r = theory.unit_cosines(*centred)
    return np.nanmax(r[:, ~np.isnan(r).all(axis=0)], axis=0)
