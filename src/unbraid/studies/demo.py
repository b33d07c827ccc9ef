"""The demo: real handwriting, real networks, a truth to check against, offline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from unbraid import comparison, report, worlds
from unbraid._answers import write_answer
from unbraid._config import Config
from unbraid._progress import Progress, part, silent
from unbraid.comparison import CompareConfig, Comparison
from unbraid.responses import Responses


class Demo(Config):
    """Two networks that name handwriting through too few units; and a case that must fail."""

    seed: int = Field(default=0, ge=0)
    """Seed of canvases, networks and dictionaries."""
    world: worlds.NamingNetworks = worlds.NamingNetworks(
        canvases=worlds.HandwrittenCanvases(n_evaluation=2000)
    )
    """The networks that unbraiding can help."""
    hopeless: worlds.NamingNetworks = worlds.NamingNetworks(
        n_units=5, epochs=4, canvases=worlds.HandwrittenCanvases(n_evaluation=2000)
    )
    """Networks with fewer units than K ln(N/K): their features cannot be recovered."""
    options: CompareConfig = Field(default_factory=CompareConfig)
    """How the two are compared."""
    hopeless_options: CompareConfig = Field(
        default_factory=lambda: CompareConfig(seeds=1, metrics=("semi_matching", "ridge"))
    )
    """How the networks that must fail are compared."""


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class DemoResult:
    """The comparison, the comparison that must fail, and the pictures."""

    config: Demo
    comparison: Comparison
    hopeless: Comparison
    images: np.ndarray
    """(n, 16, 16) uint8 evaluation canvases."""
    accuracies: tuple[float, ...]
    """Share of evaluation canvases that each network names exactly."""

    def __repr__(self) -> str:
        return f"{self.comparison.verdict.sentence}\n{self._contrast()}"

    def record(self) -> dict[str, Any]:
        """Return everything but arrays, as plain JSON data."""
        return {
            **self.comparison.record(),
            "kind": "demo",
            "exact_naming": list(self.accuracies),
            "hopeless": self.hopeless.record(),
        }

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write the run's folder; whole or not at all."""
        return write_answer(
            Path(folder),
            self.config.describe(),
            self.record(),
            self.comparison.arrays(),
            report.render(self.page()),
            overwrite=overwrite,
            kind="demo",
            beside=comparison.browser_files(self.comparison, self.images),
        )

    def page(self) -> report.Page:
        """Return the results as a page."""
        page = comparison.page(self.comparison, self.images, "Two networks, one handwriting", True)
        made = replace(
            page.provenance, config=self.config.describe(), fingerprint=self.config.fingerprint()
        )
        sections = [self._story(), *page.sections, self._hopeless_section()]
        return replace(page, provenance=made, sections=sections)

    def _story(self) -> report.Section:
        n_units = self.config.world.n_units
        named = " and ".join(f"{accuracy:.0%}" for accuracy in self.accuracies)
        return report.Section(
            title="What was compared",
            blocks=[
                report.Prose(
                    paragraphs=[
                        "Each picture holds up to four handwritten digits, one per quadrant: 40 "
                        "things that can be there, a digit at a place. Two small networks that "
                        "differ only in their seed learned to name them all through a layer of "
                        f"**{n_units} units**, so each unit must stand for several. They name "
                        f"{named} of new pictures, in new handwriting, without a mistake.",
                        "Unit by unit the two look different. Dictionaries learned on the training "
                        "pictures separate the features; the scores are taken on new pictures, "
                        "and the 40 true features say whether what was found is real.",
                    ]
                )
            ],
        )

    def _hopeless_section(self) -> report.Section:
        metric = self.config.hopeless_options.scored[:1]
        title = f"The same with {self.config.hopeless.n_units} units"
        return report.Section(
            title="Where unbraiding cannot help",
            lead=self._contrast(),
            blocks=[
                comparison.score_figure(self.hopeless, "codes", metric, title),
                report.Warnings(items=self.hopeless.warnings),
            ],
        )

    def _contrast(self) -> str:
        units = self.config.hopeless.n_units
        return f"With {units} units in place of {self.config.world.n_units}: " + (
            self.hopeless.verdict.sentence
        )


def run(config: Demo, progress: Progress | None = None) -> DemoResult:
    """Train the networks, compare them, and do the same where it cannot work.

    Cost: about two minutes on two cores.
    """
    tell = progress or silent
    rng = np.random.default_rng(config.seed)
    first, second = rng.spawn(2)
    helped, world = _compare(config.world, config.options, first, part(tell, 0.0, 0.85))
    hopeless, _ = _compare(
        config.hopeless,
        config.hopeless_options,
        second,
        part(tell, 0.85, 1.0, "the case that must fail: "),
    )
    return DemoResult(
        config=config,
        comparison=helped,
        hopeless=hopeless,
        images=np.round(255 * (1 - world.evaluation.images)).astype(np.uint8),
        accuracies=tuple(network.accuracy for network in world.networks),
    )


def _compare(
    networks: worlds.NamingNetworks,
    options: CompareConfig,
    rng: np.random.Generator,
    tell: Progress,
) -> tuple[Comparison, worlds.NamingWorld]:
    world_rng, compare_rng = rng.spawn(2)
    world = networks.build(rng=world_rng, progress=part(tell, 0.0, 0.2))
    a, b = world.networks
    known, trained = (
        Responses(of.features, stimuli=of.stimuli, units=of.feature_names)
        for of in (world.evaluation, world.training)
    )
    result = comparison.compare(
        a.evaluation,
        b.evaluation,
        options,
        x_train=a.training,
        y_train=b.training,
        features=known,
        features_train=trained,
        names=(a.name, b.name),
        rng=int(compare_rng.integers(2**31)),
        progress=part(tell, 0.2, 1.0),
    )
    return result, world
