"""The study `toy`: whether codes align better than neurons in toy models of superposition."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from unbraid import align, interpret, sparse, theory, worlds
from unbraid._kernels.threads import workers
from unbraid.studies._across import Across, across
from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult, part
from unbraid.studies._toy_autoencoders import initial, train_together
from unbraid.studies._toy_reference import REFERENCE

_SCORING = Lock()  # metrics set warning filters, which are not safe between threads
_QUANTITIES = (
    "loss", "shared features", "semi of weights", "fvu", "max r neurons", "max r latents",
    "semi N->N", "semi S->S", "semi R->S", "soft N->N", "soft S->S", "soft R->S",
    "ridge N->N", "ridge S->N", "ridge S->S", "ridge R->N", "cka N", "cka S", "rsa N", "rsa S",
)  # fmt: skip


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
    units: tuple[int, ...] = (8, 16, 32)
    """Sizes of the models."""
    importances: tuple[Literal["power_law", "uniform"], ...] = ("power_law", "uniform")
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
    """Of these, the number whose pairs RSA looks at."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train, unbraid, score, and hold the claims against it."""
        cells: list[tuple[str, int]] = [(kind, h) for kind in self.importances for h in self.units]
        seeds = np.random.default_rng(self.seed).spawn(len(cells))
        shares = dict.fromkeys(cells, 0.0)

        def work(cell: tuple[str, int], rng: np.random.Generator) -> dict[str, list]:
            def tell(message: str, fraction: float) -> None:
                shares[cell] = fraction
                progress(f"{cell[0]}, {message}", sum(shares.values()) / len(cells))

            return self._cell(*cell, rng, tell)

        # one thread a cell: their steps are too small to share one
        n_threads = min(workers(), len(cells))
        with worlds.one_thread(), ThreadPoolExecutor(n_threads) as pool:
            found = dict(zip(cells, pool.map(work, cells, seeds), strict=True))
        summary = {
            cell: {name: across(values) for name, values in numbers.items() if name in _QUANTITIES}
            for cell, numbers in found.items()
        }
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(summary),
            table=_rows(summary, self.settings_are_published()),
            figures=_figures(found, summary),
            settings={},
            notes=_NOTES,
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


def _claims(found: dict[tuple[str, int], dict[str, Across]]) -> list[Claim]:
    sizes = sorted({h for _, h in found})
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    main = kinds[0]
    small, large = sizes[0], sizes[-1]
    top = found[main, large]
    gains = {h: found[main, h]["semi S->S"].mean - found[main, h]["semi N->N"].mean for h in sizes}
    needed = theory.units_needed(64, 6.4)
    claims = [
        Claim(
            text=f"latents align better than neurons in models of {large} units",
            holds=top["semi S->S"].mean > max(0.7, 2 * top["semi N->N"].mean),
            evidence=f"semi-matching {top['semi N->N']} of neurons, {top['semi S->S']} of latents",
        ),
        Claim(
            text="the gain is not made by an untrained autoencoder",
            holds=top["semi R->S"].mean < top["semi S->S"].mean - 0.2
            and top["ridge R->N"].mean < top["ridge S->N"].mean - 0.2,
            evidence=f"semi-matching {top['semi R->S']} from random latents against "
            f"{top['semi S->S']}; ridge to neurons {top['ridge R->N']} against {top['ridge S->N']}",
        ),
        Claim(
            text="disentanglement improves with model size",
            holds=all(gains[a] < gains[b] for a, b in zip(sizes, sizes[1:], strict=False)),
            evidence=", ".join(f"{gains[h]:+.2f} at {h} units" for h in sizes),
        ),
        Claim(
            text="latents correlate with true features better than neurons, in all models",
            holds=all(n["max r latents"].mean > n["max r neurons"].mean for n in found.values()),
            evidence="; ".join(
                f"{kind} {h}: {n['max r neurons'].mean:.2f} to {n['max r latents'].mean:.2f}"
                for (kind, h), n in found.items()
            ),
        ),
    ]
    if small < needed:
        below = found[main, small]
        claims.append(
            Claim(
                text=f"below the bound ({small} units of {needed:.1f} needed) unbraiding lowers "
                "the matching of units",
                holds=gains[small] < 0,
                evidence=f"semi-matching {below['semi N->N']} to {below['semi S->S']}",
            )
        )
    return claims


def _rows(found: dict, published: bool) -> list[dict[str, Any]]:
    rows = []
    for (kind, h), numbers in found.items():
        for name in _QUANTITIES:
            value = numbers[name]
            reference = REFERENCE.get((kind, h), {}).get(name) if published else None
            rows.append(
                {
                    "importance": kind,
                    "units": h,
                    "quantity": name,
                    "mean": value.mean,
                    "low": value.low,
                    "high": value.high,
                    "pairs": value.n,
                    "reference": reference,
                    "agrees": None if reference is None else value.agrees_with(reference),
                }
            )
    return rows


def _figures(raw: dict, found: dict) -> list[Figure]:
    figures = []
    for kind in dict.fromkeys(kind for kind, _ in found):
        sizes = [h for other, h in found if other == kind]
        pairs = next(iter(found.values()))["loss"].n
        for metric in ("semi", "soft", "ridge"):
            bars = [name for name in _QUANTITIES if name.startswith(metric + " ") and "->" in name]
            figures.append(
                Figure(
                    kind="bar",
                    title=f"{metric}, {kind.replace('_', ' ')} importance",
                    x_label="units",
                    y_label="held-out score",
                    series=[
                        Series(
                            name=bar.removeprefix(metric + " "),
                            x=[str(h) for h in sizes],
                            y=[found[kind, h][bar].mean for h in sizes],
                            low=[found[kind, h][bar].low for h in sizes],
                            high=[found[kind, h][bar].high for h in sizes],
                            kind="control" if " R->" in bar else "measured",
                        )
                        for bar in bars
                    ],
                    caption=f"N neurons, S latents, R latents of an untrained autoencoder; means "
                    f"over {pairs} pair(s) of seeds with 95 % intervals.",
                )
            )
        for h in sizes:
            numbers = raw[kind, h]
            figures += [
                _histogram(
                    f"Features that both models represent, {h} units, {kind}",
                    "product of the feature's norms", (0.0, 2.0),
                    {"features": np.concatenate(numbers["overlap"])},
                ),
                _histogram(
                    f"Match of neurons' weights over shared features, {h} units, {kind}",
                    "best correlation", (-1.0, 1.0),
                    {"neurons": np.concatenate(numbers["weight matches"])},
                ),
                _histogram(
                    f"Best correlation with each true feature, {h} units, {kind}",
                    "best correlation", (0.0, 1.0),
                    {
                        "neurons": np.concatenate(numbers["best neurons"]),
                        "latents": np.concatenate(numbers["best latents"]),
                    },
                ),
            ]  # fmt: skip
    return figures


def _histogram(
    title: str, x_label: str, limits: tuple[float, float], groups: dict[str, np.ndarray]
) -> Figure:
    edges = np.linspace(*limits, 21)
    series, means = [], []
    for name, values in groups.items():
        values = values[np.isfinite(values)]
        counts = np.histogram(np.clip(values, *limits), edges)[0]
        series.append(Series(name=name, x=edges[:-1].tolist(), y=counts.tolist()))
        means.append(f"{name} {values.mean():.2f}" if len(values) else f"{name}: none")
    return Figure(
        kind="histogram", title=title, x_label=x_label, y_label="count", series=series,
        caption=f"Means: {', '.join(means)}.",
    )  # fmt: skip


_NOTES = [
    "Models and autoencoders are trained as in the paper's published code; the random numbers are "
    "our own.",
    "Scores follow the protocol longon2025 (CKA: all evaluation stimuli). Two autoencoders never "
    "share an initial state, which the published code lets them do.",
    "Reference values are a replication at the same settings with one pair of seeds.",
    "More units, rarer features or fewer of them would help; equal importance sharpens the "
    "transition: nothing below the bound, much above it.",
]
