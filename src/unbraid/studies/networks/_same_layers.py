"""Two seeds of one network: whether each layer is most like its own counterpart (Kornblith)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np

from unbraid import sparse
from unbraid._progress import Progress, part, silent
from unbraid.studies.known_truth import _known
from unbraid.studies.systems import _sources
from unbraid.studies.systems._convnet import trained
from unbraid.studies.systems._pooled import compact, pooled, training_vectors
from unbraid.studies.systems._small_pictures import Pictures

COMPARED = (
    ("units", "units", "cka_debiased"), ("codes", "codes", "cka_debiased"),
    ("untrained", "untrained", "cka_debiased"), ("units", "units", "ridge"),
    ("codes", "units", "ridge"),
)  # fmt: skip
"""Source of the first network, of the second, metric."""
SOURCES = ("codes", "untrained")
_CELLS = 4  # along each side
_HOW: dict[str, dict[str, Any]] = {
    "cka_debiased": {"order": "exchangeable"},
    "ridge": {"folds": 3, "order": "exchangeable"},
}

Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class SameLayers:
    """Every layer of one network against every layer of the others."""

    name: str
    accuracies: list[float]
    """Of the networks, on test pictures."""
    matrices: Mapping[Key, np.ndarray]
    """Comparison -> (pairs, layers, layers); row: layer of the first, column: of the other."""
    n: int

    def found(self, key: Key) -> np.ndarray:
        """Return whether each layer's most similar layer is its counterpart: (pairs, layers)."""
        best = self.matrices[key].argmax(axis=2)
        return (best == np.arange(best.shape[1])).astype(float)

    def own(self, key: Key) -> float:
        """Return the mean similarity of a layer with its counterpart."""
        return float(np.mean([np.diag(table) for table in self.matrices[key]]))

    def others(self, key: Key) -> float:
        """Return the mean similarity of a layer with layers at other depths."""
        tables = self.matrices[key]
        return float(tables[:, ~np.eye(tables.shape[1], dtype=bool)].mean())

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each comparison."""
        return [
            {
                "part": self.name, "source": f"{key[0]} -> {key[1]}", "metric": key[2],
                "n": self.n, "layers found": float(self.found(key).mean()),
                "own layer": self.own(key), "other layers": self.others(key),
            }
            for key in self.matrices
        ]  # fmt: skip


def same_layers(
    pictures: Pictures, options: Any, epochs: int, rng: np.random.Generator, tell: Progress
) -> SameLayers:
    """Train networks from different seeds, unbraid every layer, compare all with all."""
    nets, accuracies = [], []
    count = options.seeds
    for i in range(count):
        mine = part(tell, 0.4 * i / count, 0.4 * (i + 1) / count, f"network {i + 1}: ")
        net, accuracy = trained(
            pictures, channels=options.channels, depth=options.depth, epochs=epochs,
            seed=rng.spawn(1)[0], tell=mine,
        )  # fmt: skip
        nets.append(net)
        accuracies.append(accuracy)
    learning = pictures.images[: min(pictures.n_training, options.n_dictionary_pictures)]
    test = pictures.images[pictures.n_training :]
    features = []
    for i, net in enumerate(nets):
        vectors = training_vectors(net, net.layers, learning, options.n_vectors, rng.spawn(1)[0])
        learned: dict[str, dict[str, sparse.Dictionary | None]] = {}
        for layer, x in vectors:
            chosen = _sources.methods(
                x.shape[1], expansion=options.expansion, k=None, steps=options.steps
            )
            chosen = {source: chosen[source] for source in SOURCES}
            learned[layer] = _sources.learn(x, chosen, rng.spawn(1)[0], silent)
        tell(f"unbraided network {i + 1}", 0.4 + 0.3 * (i + 1) / count)
        found = pooled(net, test, learned, _CELLS, silent)
        features.append(found)
    wanted = [key for key in COMPARED if options.regression or key[2] != "ridge"]
    matrices: dict[Key, list[np.ndarray]] = {key: [] for key in wanted}
    orders = list(permutations(range(count), 2))
    for at, (i, j) in enumerate(orders):
        tell(f"comparing networks {i + 1} and {j + 1}", 0.7 + 0.3 * at / len(orders))
        for key in wanted:
            matrices[key].append(_table(features[i], features[j], nets[0].layers, key))
    return SameLayers(
        name=pictures.name,
        accuracies=accuracies,
        matrices={key: np.array(tables) for key, tables in matrices.items()},
        n=len(test),
    )


def _table(
    x: Mapping[tuple[str, str], np.ndarray],
    y: Mapping[tuple[str, str], np.ndarray],
    layers: Sequence[str],
    key: Key,
) -> np.ndarray:
    """Return one comparison of every layer of a network with every layer of another."""
    source, target, metric = key
    rows = []
    for a in layers:
        mine = compact(x[a, source]) if metric == "ridge" else x[a, source]
        rows.append([_known.value(metric, mine, y[b, target], rng=0, **_HOW[metric])
                     for b in layers])  # fmt: skip
    return np.array(rows)
