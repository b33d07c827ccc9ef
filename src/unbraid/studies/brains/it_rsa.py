"""The study `it-rsa`: whether unbraiding brings a network's geometry nearer to that of IT."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.stats
from pydantic import Field

from unbraid import stats
from unbraid._progress import Progress, part
from unbraid.responses import Flatten, record
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.systems import _sources
from unbraid.studies.systems._objects92 import objects92
from unbraid.studies.systems._pooled import pooled, training_vectors
from unbraid.studies.systems._v4 import data_folder, opened, session

REFERENCE = {"pixels": 0.079, "relu1": 0.085, "fire8": 0.229}
"""Human IT, SqueezeNet: Spearman, mean over subjects (measured independently)."""
_SOURCES = ("all units", "units", "codes", "untrained", "random top-k", "random relu")
_SPLITS = 100  # of the objects into halves, so that the mean does not depend on a few


class ItRsa(Study):
    """Layers of an ImageNet network against IT of humans and monkeys, raw and unbraided."""

    name: ClassVar[str] = "it-rsa"
    question: ClassVar[str] = (
        "Is the geometry of 92 objects in a network's sparse codes more like that in the "
        "IT cortex of humans and monkeys than the geometry in its units is?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "layers": ("relu1", "fire8"), "n_training_pictures": 60, "n_vectors": 6_000, "steps": 100,
        "expansion": 2, "resamples": 100,
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data; none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    network: str = "squeezenet1_1"
    """Which network."""
    layers: tuple[str, ...] = ("relu1", "fire3", "fire5", "fire7", "fire8", "fire9")
    """Which layers."""
    training_session: str = "201025"
    """Session of V4 whose photographs train the dictionaries."""
    n_training_pictures: int = Field(default=800, ge=10)
    """At most so many of its photographs."""
    n_vectors: int = Field(default=100_000, ge=1000)
    """Positions that train each dictionary."""
    expansion: float = Field(default=4.0, gt=0)
    """Latents a channel."""
    k: int = Field(default=16, ge=1)
    """Active latents a position."""
    steps: int | None = Field(default=500, ge=1)
    """Training steps; none: the method's own."""
    pool: int = Field(default=4, ge=1)
    """Cells along each side in which units and latents are averaged."""
    resamples: int = Field(default=300, ge=0)
    """Bootstrap resamples over objects."""

    def answer(self, progress: Progress) -> StudyResult:
        """Record, learn, encode, compare geometries, and check the claims against them."""
        rng = np.random.default_rng(self.seed)
        data = data_folder(self.data)
        objects = objects92(data)
        net = opened(self.network, self.networks)
        photographs = session(data, self.training_session).pictures
        photographs = photographs.take(np.arange(min(self.n_training_pictures, len(photographs))))
        progress("recording photographs", 0.0)
        vectors = training_vectors(net, self.layers, photographs, self.n_vectors, rng.spawn(1)[0])
        learned: dict[str, dict] = {}
        for layer, x in vectors:
            start, stop = (0.8 * (len(learned) + j) / len(self.layers) for j in (0, 1))
            tell = part(progress, start, stop, f"{layer}, ")
            chosen = _sources.methods(
                x.shape[1], expansion=self.expansion, k=self.k, steps=self.steps
            )
            learned[layer] = _sources.learn(x, chosen, rng.spawn(1)[0], tell)
        features = {("pixels", "all units"): objects.images.reshape(92, -1).astype(np.float32)}
        whole = record(
            net.model, objects.images, list(self.layers), units=Flatten(),
            preprocess=net.preprocess, batch=16,
        )  # fmt: skip
        features |= {(layer, "all units"): x.values for layer, x in whole.items()}
        features |= pooled(net, objects.images, learned, self.pool, part(progress, 0.8, 0.9))
        drawn = [rng.integers(0, 92, 92) for _ in range(self.resamples)]
        found, rdms = {}, {}
        for i, (key, values) in enumerate(features.items()):
            progress(f"geometry of {key[1]} of {key[0]}", 0.9 + 0.1 * i / len(features))
            rdms[key] = dissimilarities(values)
            found[key] = _both(rdms[key], objects.human, objects.monkey, drawn)
        targets = {"human": objects.human, "monkey": objects.monkey[None]}
        chosen_rows = chosen_elsewhere(rdms, targets, rng.spawn(1)[0])
        ceiling = noise_ceiling(objects.human)
        between = float(_spearman(objects.monkey, objects.human).mean())
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(found),
            table=[
                *(_row(key, values) for key, values in found.items()),
                *chosen_rows,
                {"layer": "noise ceiling", "source": "other subjects", "human": ceiling[0]},
                {"layer": "noise ceiling", "source": "all subjects", "human": ceiling[1]},
                {
                    "layer": "IT of the other species",
                    "source": "",
                    "human": between,
                    "monkey": between,
                },
            ],
            figures=[self._figure(found, animal) for animal in ("human", "monkey")],
            settings={},
            conclusion=_conclusion(chosen_rows, ceiling),
            notes=[
                f"Ceiling of human IT (4 subjects): {ceiling[0]:.2f} to {ceiling[1]:.2f}; monkey "
                f"IT has none (one matrix); between the species {between:.2f}.",
                "Rows 'chosen on other objects': layer and source are chosen on one half of the "
                f"objects and scored on the other, mean over {_SPLITS} splits.",
                "Dissimilarity 1 - Pearson r over units, compared by Spearman over pairs of "
                "objects; human: mean over subjects. Intervals: bootstrap over objects, pairs of "
                "an object with itself left out.",
            ],
        )

    def _claims(self, found: dict) -> list[Claim]:
        claims = []
        if self.network == "squeezenet1_1" and {"relu1", "fire8"} <= set(self.layers):
            ours = {layer: found[layer, "all units"]["human"][0] for layer in REFERENCE}
            claims.append(
                Claim(
                    text="raw layers are as near to human IT as measured before (+- .02)",
                    holds=all(abs(ours[k] - REFERENCE[k]) <= 0.02 for k in REFERENCE),
                    evidence=", ".join(f"{k} {ours[k]:.3f} ({REFERENCE[k]})" for k in REFERENCE),
                )
            )
        for animal, other in product(("human", "monkey"), ("units", "random relu")):
            gains = []
            for layer in self.layers:
                a, b = found[layer, "codes"][animal], found[layer, other][animal]
                gains.append((layer, stats.paired_difference(a[0], b[0], a[1], b[1])))
            claims.append(
                Claim(
                    text=f"codes are nearer to {animal} IT than {other} are, in every layer",
                    holds=all(gain.low > 0 for _, gain in gains),
                    evidence="; ".join(
                        f"{layer}: {g.value:+.3f} [{g.low:+.3f}, {g.high:+.3f}]"
                        for layer, g in gains
                    ),
                )
            )
        return claims

    def _figure(self, found: dict, animal: str) -> Figure:
        sources = [s for s in _SOURCES if all((layer, s) in found for layer in self.layers)]
        bounds = {key: stats.interval(values[animal][1], 0.95) for key, values in found.items()}
        best = {s: max(found[layer, s][animal][0] for layer in self.layers) for s in sources}
        return Figure(
            kind="bar",
            title=f"{self.network} to {animal} IT",
            x_label="",
            y_label="Spearman r of dissimilarities",
            series=[
                Series(
                    name=source,
                    x=list(self.layers),
                    y=[found[layer, source][animal][0] for layer in self.layers],
                    low=[bounds[layer, source].low for layer in self.layers],
                    high=[bounds[layer, source].high for layer in self.layers],
                    kind="control" if source in _SOURCES[3:] else "measured",
                )
                for source in sources
            ],
            caption=f"At their best layer, codes reach {best['codes']:.3f}, units "
            f"{best['units']:.3f} (all of them, not pooled: {best['all units']:.3f}), an untrained "
            f"dictionary {best['untrained']:.3f}. n = 92 objects, seed {self.seed}; bars: 95 % "
            "over objects.",
        )


def dissimilarities(values: np.ndarray) -> np.ndarray:
    """Return 1 - Pearson r over units for every pair of rows, as an upper triangle."""
    centred = values - values.mean(axis=1, keepdims=True, dtype=np.float64)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    unit = centred / np.where(lengths > 0, lengths, 1.0)
    return (1 - unit @ unit.T)[np.triu_indices(len(values), 1)]


def chosen_elsewhere(
    rdms: dict[tuple[str, str], np.ndarray],
    targets: dict[str, np.ndarray],
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Return each family's value, its layer and source chosen on other objects than it is scored.

    Half of the objects choose, the other half scores; mean over random splits.
    """
    n = round((1 + np.sqrt(1 + 8 * len(next(iter(rdms.values()))))) / 2)
    first, second = np.triu_indices(n, 1)
    families: dict[str, list[tuple[str, str]]] = {}
    for key in rdms:
        families.setdefault(_sources.FAMILY.get(key[1], "pixels and all units"), []).append(key)
    every, order = np.stack(list(rdms.values())), {key: i for i, key in enumerate(rdms)}
    values: dict[tuple[str, str], list[float]] = {}
    for _ in range(_SPLITS):
        half = rng.permutation(n) < n // 2
        inside = [half[first] & half[second], ~half[first] & ~half[second]]
        for animal, target in targets.items():
            found = [
                (_ranked(every[:, pairs]) @ _ranked(target[:, pairs]).T).mean(axis=1)
                for pairs in inside
            ]
            for name, keys in families.items():
                mine = [side[[order[key] for key in keys]] for side in found]
                scored = [mine[1][mine[0].argmax()], mine[0][mine[1].argmax()]]
                values.setdefault((animal, name), []).append(float(np.mean(scored)))
    return [
        {"layer": "chosen on other objects", "source": name}
        | {animal: float(np.mean(values[animal, name])) for animal in targets}
        for name in families
    ]


def noise_ceiling(human: np.ndarray) -> tuple[float, float]:
    """Return each subject's mean correlation with the others' mean ranks, and with everyone's."""
    ranks = scipy.stats.rankdata(human, axis=1)
    total = ranks.sum(axis=0)
    lower = [scipy.stats.spearmanr(r, total - r).statistic for r in ranks]
    upper = [scipy.stats.spearmanr(r, total).statistic for r in ranks]
    return float(np.mean(lower)), float(np.mean(upper))


def _both(
    rdm: np.ndarray, human: np.ndarray, monkey: np.ndarray, drawn: list[np.ndarray]
) -> dict[str, tuple[float, np.ndarray]]:
    """Return (value, bootstrap replicates) for humans and monkeys."""
    targets = np.vstack([human, monkey])
    square = np.zeros((92, 92), dtype=int)
    upper = np.triu_indices(92, 1)
    square[upper] = np.arange(len(upper[0]))
    square += square.T
    replicates = []
    for objects in drawn:
        a, b = objects[upper[0]], objects[upper[1]]
        pairs = square[a, b][a != b]
        replicates.append(_spearman(rdm[pairs], targets[:, pairs]))
    whole, again = _spearman(rdm, targets), np.array(replicates).reshape(-1, len(targets))
    return {
        "human": (float(whole[:-1].mean()), again[:, :-1].mean(axis=1)),
        "monkey": (float(whole[-1]), again[:, -1]),
    }


def _spearman(x: np.ndarray, ys: np.ndarray) -> np.ndarray:
    ranks = _ranked(np.vstack([x, ys]))
    return ranks[1:] @ ranks[0]


def _conclusion(rows: list[dict[str, Any]], ceiling: tuple[float, float]) -> str:
    by = {row["source"]: row for row in rows}
    told = "; ".join(
        f"{animal} IT: units {by['neurons'][animal]:.3f}, codes {by['unbraided'][animal]:.3f}, "
        f"random expansions {by['expansion'][animal]:.3f}"
        for animal in ("human", "monkey")
    )
    better = all(by["unbraided"][a] > by["neurons"][a] for a in ("human", "monkey"))
    answer = "brings" if better else "does not bring"
    return (
        f"Unbraiding {answer} the network nearer to IT: with layers chosen on other objects, "
        f"{told} (ceiling of human IT {ceiling[0]:.2f} to {ceiling[1]:.2f})."
    )


def _ranked(rows: np.ndarray) -> np.ndarray:
    """Return each row's ranks, centred and of unit length."""
    ranks = scipy.stats.rankdata(rows, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    return ranks / np.linalg.norm(ranks, axis=1, keepdims=True)


def _row(key: tuple[str, str], values: dict) -> dict[str, Any]:
    row: dict[str, Any] = {"layer": key[0], "source": key[1]}
    for animal, (value, replicates) in values.items():
        bounds = stats.interval(replicates, 0.95)
        row |= {animal: value, f"{animal} low": bounds.low, f"{animal} high": bounds.high}
    return row
