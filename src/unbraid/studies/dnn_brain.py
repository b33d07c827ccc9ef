"""The study `dnn-brain`: whether unbraiding a network helps to predict macaque V4."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import align, sparse, stats
from unbraid.align import Score
from unbraid.responses import Network, network
from unbraid.studies._nested import gain_over_units, nested
from unbraid.studies._pooled import pooled, standardised, training_vectors
from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult, part
from unbraid.studies._v4 import data_folder, networks_folder, other_pictures, session

REFERENCE = {"relu1": 0.447, "fire3": 0.557, "fire5": 0.581, "fire7": 0.595, "fire9": 0.568}
"""Median r over units of session 210325, SqueezeNet pooled to 4 x 4 (measured independently)."""
_EXPANSIONS = ("random top-k", "random relu")


class DnnBrain(Study):
    """Layers of an ImageNet network to V4, raw and unbraided, beside their controls."""

    name: ClassVar[str] = "dnn-brain"
    question: ClassVar[str] = (
        "Do sparse codes of a network's layers predict V4 better than its units do, beyond what "
        "a random expansion of the same width explains?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "layers": ("fire7",), "n_pictures": 240, "n_training_pictures": 120, "n_vectors": 12_000,
        "steps": 250, "expansion": 2, "resamples": 100, "random_network": False, "pool": 2,
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data; none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    session: str = "210325"
    """Session of V4 that is predicted."""
    training_session: str = "201025"
    """Session whose pictures (those that are not shown in ``session``) train the dictionaries."""
    network: str = "squeezenet1_1"
    """Which network."""
    layers: tuple[str, ...] = ("relu1", "fire3", "fire5", "fire7", "fire9")
    """Which layers."""
    n_pictures: int = Field(default=100_000, ge=20)
    """At most so many pictures, the first by name."""
    n_training_pictures: int = Field(default=100_000, ge=10)
    """At most so many pictures train the dictionaries."""
    n_vectors: int = Field(default=200_000, ge=1000)
    """Positions that train each dictionary."""
    expansion: float = Field(default=4.0, gt=0)
    """Latents a channel."""
    k: int = Field(default=16, ge=1)
    """Active latents a position."""
    steps: int | None = Field(default=None, ge=1)
    """Training steps; none: the method's own."""
    pool: int = Field(default=4, ge=1)
    """Cells along each side in which units and latents are averaged."""
    folds: int = Field(default=4, ge=2)
    """Folds of the outer cross-validation."""
    resamples: int = Field(default=500, ge=0)
    """Bootstrap resamples over stimuli."""
    random_network: bool = True
    """Whether the network with random weights is a control."""

    def answer(self, progress: Progress) -> StudyResult:
        """Record, learn, encode, predict, and hold the claims against it."""
        rng = np.random.default_rng(self.seed)
        data = data_folder(self.data)
        tested = session(data, self.session)
        rows = np.arange(min(self.n_pictures, len(tested.responses)))
        brain, pictures = tested.responses.take(rows), tested.pictures.take(rows)
        net = network(self.network, networks_folder(self.networks))
        others = other_pictures(session(data, self.training_session).pictures, tested.pictures)
        others = others.take(np.arange(min(self.n_training_pictures, len(others))))
        progress("recording training pictures", 0.0)
        vectors = training_vectors(net, self.layers, others, self.n_vectors, rng.spawn(1)[0])
        learned = {
            layer: self._dictionaries(vectors.pop(layer), rng.spawn(1)[0],
                                      part(progress, 0.1 + 0.5 * i / len(self.layers),
                                           0.1 + 0.5 * (i + 1) / len(self.layers), f"{layer}: "))
            for i, layer in enumerate(self.layers)
        }  # fmt: skip
        features = pooled(net, pictures, learned, self.pool, part(progress, 0.6, 0.8))
        if self.random_network:
            features |= self._random_features(pictures, rng, part(progress, 0.8, 0.85))
        tell = part(progress, 0.85, 1.0)
        scores = {}
        for i, (key, values) in enumerate(features.items()):
            tell(f"predicting V4 from {key[1]} of {key[0]}", i / len(features))
            scores[key] = self._score(values, brain.values)
        ceiling = None
        if brain.repeats is not None:
            ceiling = stats.noise_ceiling(brain.repeats, rng=self.seed).ceiling
        searched = self._search(features, brain.values) if len(self.layers) > 1 else []
        fvu = {layer: d["codes"].evidence.fvu for layer, d in learned.items() if d["codes"]}
        table = [self._row(key, scores, ceiling, features) for key in scores] + searched
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(scores),
            table=table,
            figures=[self._figure(scores, len(brain))],
            settings={},
            notes=[
                f"Trained on {len(others)} pictures of session {self.training_session} that "
                f"session {self.session} does not show; FVU "
                + ", ".join(f"{layer} {value:.3f}" for layer, value in fvu.items()) + ".",
                f"Ridge from {self.pool} x {self.pool} cells, features standardised, penalty per "
                f"unit by inner folds, {self.folds} shuffled folds over {len(brain)} pictures.",
            ],
        )  # fmt: skip

    def _dictionaries(
        self, x: np.ndarray, rng: np.random.Generator, tell: Progress
    ) -> dict[str, sparse.Dictionary | None]:
        """Return what stands for a layer: its units, its codes, and the controls' codes."""
        m = round(self.expansion * x.shape[1])
        training = sparse.Training(steps=self.steps)
        method = sparse.TopK(k=self.k, n_latents=m, training=training)
        seeds = rng.spawn(4)
        few = x[rng.choice(len(x), min(len(x), 20_000), replace=False)]
        return {
            "units": None,
            "codes": sparse.fit(x, method, rng=seeds[0], progress=tell),
            "untrained": sparse.fit(few, sparse.RandomDictionary(of=method), rng=seeds[1]),
            "random top-k": sparse.fit(
                few, sparse.RandomExpansion(n_latents=m, k=self.k), rng=seeds[2]
            ),
            "random relu": sparse.fit(few, sparse.RandomExpansion(n_latents=m, k=m), rng=seeds[3]),
        }

    def _random_features(self, pictures: Any, rng: Any, tell: Progress) -> dict:
        net: Network = network(self.network, rng=rng.spawn(1)[0])
        alone = {layer: {"random network": None} for layer in self.layers}
        return pooled(net, pictures, alone, self.pool, tell)

    def _score(self, values: np.ndarray, brain: np.ndarray) -> Score:
        return align.ridge(
            standardised(values),
            brain,
            folds=self.folds,
            permutations=0,
            resamples=self.resamples,
            rng=self.seed,
        )

    def _claims(self, scores: dict[tuple[str, str], Score]) -> list[Claim]:
        claims = []
        named = self.session == "210325" and self.network == "squeezenet1_1" and self.pool == 4
        if named and self.n_pictures >= 640 and "fire7" in self.layers:
            found = _median(scores["fire7", "units"])
            claims.append(
                Claim(
                    text="fire7 predicts V4 as measured before (.595 +- .02)",
                    holds=abs(found - REFERENCE["fire7"]) <= 0.02,
                    evidence=f"median r {found:.3f}",
                )
            )
        claims.append(self._gain(scores, ("units",), "codes predict V4 better than units do"))
        claims.append(
            self._gain(scores, _EXPANSIONS, "codes predict V4 better than a random expansion does")
        )
        return claims

    def _gain(self, scores: dict, against: tuple[str, ...], text: str) -> Claim:
        """Hold if, in every layer, codes are better than each of these, interval above 0."""
        gains = []
        for layer in self.layers:
            best = max(against, key=lambda name: scores[layer, name].value)  # noqa: B023
            gains.append((layer, best, _difference(scores[layer, "codes"], scores[layer, best])))
        return Claim(
            text=f"{text}, in every layer",
            holds=all(gain.low > 0 for _, _, gain in gains),
            evidence="; ".join(
                f"{layer}: {gain.value:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}] against {best}"
                for layer, best, gain in gains
            ),
        )

    def _search(self, features: dict, brain: np.ndarray) -> list[dict[str, Any]]:
        """Return a row for each source, its layer chosen inside the folds."""
        rows = []
        for source in dict.fromkeys(name for _, name in features):
            mine = {k: standardised(x) for (k, name), x in features.items() if name == source}
            found = nested(mine, brain, folds=self.folds, rng=self.seed)
            about = {"layer": "chosen inside folds", "source": source, "mean r": found.value}
            rows.append(about | {"chosen": found.chosen})
        return rows

    def _row(
        self,
        key: tuple[str, str],
        scores: dict[tuple[str, str], Score],
        ceiling: np.ndarray | None,
        features: dict[tuple[str, str], np.ndarray],
    ) -> dict[str, Any]:
        score, units = scores[key], scores[key[0], "units"]
        gain = _difference(score, units)
        over_units = gain_over_units(
            score.per_target, units.per_target, self.resamples, np.random.default_rng(self.seed)
        )
        row = {
            "layer": key[0], "source": key[1], "features": features[key].shape[1],
            "median r": _median(score), "mean r": score.value, "low": score.low,
            "high": score.high, "in sample": score.in_sample, "gain": gain.value,
            "gain low": gain.low, "gain high": gain.high,
            "gain low (over neurons)": over_units.low, "gain high (over neurons)": over_units.high,
        }  # fmt: skip
        if ceiling is not None:
            row["median r / ceiling"] = float(np.nanmedian(score.per_target / ceiling))
        return row

    def _figure(self, scores: dict[tuple[str, str], Score], n: int) -> Figure:
        sources = list(dict.fromkeys(name for _, name in scores))
        best = {name: max(scores[layer, name].value for layer in self.layers) for name in sources}
        return Figure(
            kind="bar",
            title=f"{self.network} to V4, session {self.session}",
            x_label="",
            y_label="mean r over neurons, held out",
            series=[
                Series(
                    name=name,
                    x=list(self.layers),
                    y=[scores[layer, name].value for layer in self.layers],
                    low=[scores[layer, name].low for layer in self.layers],
                    high=[scores[layer, name].high for layer in self.layers],
                    kind="measured" if name in ("units", "codes") else "control",
                )
                for name in sources
            ],
            caption=f"At their best layer, codes reach {best['codes']:.3f}, units "
            f"{best['units']:.3f}, a random expansion {max(best[e] for e in _EXPANSIONS):.3f}. "
            f"n = {n} pictures, {self.folds} folds, seed {self.seed}; bars: 95 % over pictures.",
        )


def _median(score: Score) -> float:
    return float(np.nanmedian(score.per_target))


def _difference(a: Score, b: Score) -> stats.Difference:
    return stats.paired_difference(a.value, b.value, a.replicates, b.replicates)
