"""The measures that an evaluation can run, and what each needs to know of the stimuli."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from unbraid import interpret
from unbraid.interpret import UnitScores
from unbraid.responses import Responses

Needs = Literal["judge", "labels", "concepts", "parents"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One measure: its name on the page, how it is computed, what it needs."""

    title: str
    compute: Callable[[Any, Any, Any], UnitScores]
    """Of activations, what is known of the stimuli, and a generator."""
    needs: Needs
    of_dictionaries: bool = False
    """Whether it asks how codes describe their units: it takes ``Activations``, all columns."""
    for_codes_alone: bool = False
    """Whether it needs units that are mostly silent: dense units are not."""


def _judged(measure: Any, **options: Any) -> Callable[[Any, Any, Any], UnitScores]:
    return lambda x, known, rng: measure(x, known, rng=rng, **options)


MEASURES: dict[str, Measure] = {
    "example_auc": Measure(
        title="Example AUC", compute=_judged(interpret.example_auc), needs="judge"
    ),
    "machine_interpretability": Measure(
        title="Machine interpretability (2-AFC)",
        compute=_judged(interpret.machine_interpretability, active_only=True),
        needs="judge",
    ),
    "monosemanticity": Measure(
        title="Monosemanticity", compute=_judged(interpret.monosemanticity), needs="judge"
    ),
    "monosemanticity_centred": Measure(
        title="Monosemanticity, centred",
        compute=_judged(interpret.monosemanticity, centre=True),
        needs="judge",
    ),
    "interpretability_index": Measure(
        title="Interpretability index",
        compute=_judged(interpret.interpretability_index),
        needs="judge",
    ),
    "pair_task": Measure(title="Pair task", compute=_judged(interpret.pair_task), needs="judge"),
    "intrusion": Measure(title="Intrusion", compute=_judged(interpret.intrusion), needs="judge"),
    "intrusion_internal": Measure(
        title="Intrusion within a unit",
        compute=_judged(interpret.intrusion, kind="internal"),
        needs="judge",
    ),
    "label_purity": Measure(
        title="Label purity", compute=_judged(interpret.label_purity), needs="labels"
    ),
    "selectivity": Measure(
        title="Best concept of a unit", compute=_judged(interpret.selectivity), needs="concepts"
    ),
    "best_unit": Measure(
        title="Best unit of a concept", compute=_judged(interpret.best_unit), needs="concepts"
    ),
    "sparse_probe_1": Measure(
        title="Probe of 1 unit", compute=_judged(interpret.sparse_probe, k=1), needs="concepts"
    ),
    "sparse_probe_2": Measure(
        title="Probe of 2 units", compute=_judged(interpret.sparse_probe, k=2), needs="concepts"
    ),
    "sparse_probe_5": Measure(
        title="Probe of 5 units", compute=_judged(interpret.sparse_probe, k=5), needs="concepts"
    ),
    "sparse_probe_all": Measure(
        title="Probe of all units",
        compute=_judged(interpret.sparse_probe, k=None),
        needs="concepts",
    ),
    "splitting": Measure(
        title="Units a concept is split over",
        compute=_judged(interpret.splitting),
        needs="concepts",
    ),
    "absorption": Measure(
        title="Absorption of parents",
        compute=lambda x, known, rng: interpret.absorption(x, *known, rng=rng),
        needs="parents",
        for_codes_alone=True,
    ),
    "probe_absorption": Measure(
        title="Absorption, by a probe",
        compute=lambda side, known, rng: interpret.probe_absorption(
            side.units,
            side.values,
            side.dictionary.atoms,
            known,
            offset=side.dictionary.offset,
            rng=rng,
        ),
        needs="concepts",
        of_dictionaries=True,
    ),
}

DEFAULT = (
    "intrusion",
    "example_auc",
    "machine_interpretability",
    "monosemanticity",
    "label_purity",
    "best_unit",
    "sparse_probe_1",
    "sparse_probe_5",
    "absorption",
)
"""Measures by default; those are run whose inputs are given, and the first is the headline.

Intrusion, because it tells mixtures from features: in worlds of 24 features in 14 units it is .99
for features, .99 for codes and .67 for units, where the example AUC is .99, .99 and .97.
"""

SMALLER_IS_BETTER = ("absorption", "probe_absorption", "splitting")


@dataclass(frozen=True, eq=False, kw_only=True)
class Known:
    """What is known of the scored stimuli."""

    judge: interpret.Judge
    labels: interpret.Judge | None = None
    concepts: Responses | None = None
    parents: np.ndarray | None = None

    def of(self, needs: Needs) -> Any:
        """Return what a measure needs; None where it is not known."""
        if needs == "parents":
            both = self.parents is not None and self.concepts is not None
            return (self.concepts, self.parents) if both else None
        return {"judge": self.judge, "labels": self.labels, "concepts": self.concepts}[needs]
