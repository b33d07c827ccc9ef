"""Unbraid: separates the features that neural systems braid together, then compares them.

>>> import numpy as np
>>> import unbraid as ub
>>> x = np.random.default_rng(0).normal(size=(200, 8))
>>> round(ub.align.semi_matching(x, x[:, ::-1] * 3).value, 6)
1.0
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

# Rooms and names are imported when they are first used, so that `import unbraid` is quick.
_ROOMS = ("align", "interpret", "jobs", "plot", "report", "responses", "sharing", "sparse", "stats",
          "studies", "theory", "worlds")  # fmt: skip
_HOMES = {
    "Codes": "responses",
    "Comparison": "comparison",
    "Dictionary": "sparse",
    "DictionaryTransformer": "sparse",
    "Responses": "responses",
    "common": "responses",
    "compare": "comparison",
    "evaluate": "evaluation",
    "export": "sparse",
    "Joint": "sharing",
    "fit": "sparse",
    "from_trials": "responses",
    "images": "responses",
    "joint": "sharing",
    "load": "responses",
    "load_foreign": "sparse",
    "load_run": "runs",
    "open_network": "responses",
    "open_store": "responses",
    "pair": "responses",
    "record": "responses",
    "record_to": "responses",
    "save": "responses",
    "sweep": "jobs",
    "InputError": "errors",
    "UnbraidError": "errors",
}
_METHODS = ("AbsTopK", "Archetypal", "Auto", "BatchTopK", "BatchTopKCrosscoder",
            "Consensus", "FrozenDecoder",
            "FrozenEncoder", "Gated", "ICA", "JumpRelu", "KMeans", "L1Crosscoder", "Longon2025Dnn",
            "Longon2025Toy", "MatchingPursuit", "Matryoshka", "NMF", "PCA", "PartitionedCrosscoder",
            "Pursuit", "RandomDictionary", "RandomExpansion", "Refined", "ReluL1",
            "ShuffledLatents", "SoftFrozenDecoder", "Sparc", "SparseCoding", "SpikeAndSlab",
            "TopK", "Training", "Untangled", "Usae")  # fmt: skip

__all__ = ["__version__", *_ROOMS, *_HOMES, *_METHODS]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("unbraid")
    if name in _ROOMS:
        return import_module(f"unbraid.{name}")
    home = "sparse" if name in _METHODS else _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'unbraid' has no attribute {name!r}")
    return getattr(import_module(f"unbraid.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
