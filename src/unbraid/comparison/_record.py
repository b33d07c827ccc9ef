"""A comparison as the plain data of its ``result.json``: everything but arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from unbraid._answers import FORMAT_VERSION, plain
from unbraid.comparison._saved import KIND

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison


def record_of(result: Comparison) -> dict[str, Any]:
    """Return everything but arrays, as plain JSON data."""
    return {
        "kind": KIND,
        "format_version": FORMAT_VERSION,
        "verdict": result.verdict.record(),
        "warnings": list(result.warnings),
        "scores": [score.record() for score in result.scores],
        "changes": [change.record() for change in result.changes],
        "predictions": [prediction.record() for prediction in result.predictions],
        "latents": [each.record() for each in result.correspondences],
        "interpretability": [
            None if each is None else each.record() for each in result.interpretability
        ],
        "systems": [_system(result, side) for side in (0, 1)],
        "n_alignment_stimuli": result.n_scored,
        "streamed": None if result.streamed is None else result.streamed.record(),
        "provenance": result.provenance,
    }


def _system(result: Comparison, side: int) -> dict[str, Any]:
    return {
        "name": result.names[side],
        "n_train": result.n_train[side],
        "n_units": result.n_units[side],
        "dictionaries": [
            {
                "seed": seed,
                "method": lifted.dictionary.method.describe(),
                "n_latents": int(lifted.codes.shape[1]),
                "l0": lifted.codes.l0,
                "fvu": plain(lifted.fvu),
                "dead": lifted.dead,
            }
            for seed, lifted in enumerate(result.of_side(side))
        ],
    }
