"""The study `gains`: where unbraiding brings trained networks closer, and where it cannot."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import sparse, theory
from unbraid._progress import Progress, part
from unbraid.studies._study import Claim, Study, StudyResult
from unbraid.studies.known_truth._known import fit
from unbraid.studies.several._gain_figures import METRICS, Cells, K, N, gain_figures
from unbraid.studies.several._gain_sources import (
    CODES,
    PairGains,
    Recorded,
    Scores,
    gains,
    over_networks,
    scores_of,
    sources_of,
)
from unbraid.studies.several._gain_systems import naming, ten_classes
from unbraid.studies.several._gain_together import Together, together

_WIDTH_NETWORKS = 3  # three pairs: each width costs a dictionary per network


class GainsStudy(Study):
    """Gain over units and over the best control against the units that vary."""

    name: ClassVar[str] = "gains"
    question: ClassVar[str] = (
        "Where does unbraiding bring two seeds of a network closer than their units are, beyond "
        "what rotations and random expansions do?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "units": (4, 12), "networks": 2, "widths": (24, 64), "class_units": (8,), "epochs": 8,
        "n_canvases": 10_000, "n_stimuli": 5000, "n_tested": 1500, "steps": 600, "wide": 512,
        "auto_units": (), "class_epochs": 6,
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder that holds Fashion-MNIST; none: Debian's, else scikit-learn's digits."""
    networks: int = Field(default=4, ge=2)
    """Networks of each size, which saw the same canvases: all their pairs are compared."""
    units: tuple[int, ...] = Field(default=(4, 8, 12, 16, 32, 64), min_length=1)
    """Units of networks that name 40 features."""
    class_units: tuple[int, ...] = (8, 32)
    """Channels of networks of ten classes."""
    n_latents: int = Field(default=64, ge=1)
    """Latents of sparse coding, and of the random ReLU control of equal width."""
    widths: tuple[int, ...] = (16, 32, 64, 128)
    """Latents of sparse coding where the width is varied, at ``width_units``."""
    width_units: int = Field(default=12, ge=1)
    """Units of the networks whose dictionary's width is varied; one of ``units``."""
    wide: int = Field(default=1024, ge=1)
    """Random ReLU units of the wide control."""
    k: int = Field(default=4, ge=1)
    """Active latents of TopK, which has four latents per unit."""
    steps: int = Field(default=2000, ge=1)
    """Its training steps."""
    auto_units: tuple[int, ...] = (8, 16)
    """Of ``units``, those at which ``Auto`` is learned too."""
    epochs: int = Field(default=8, ge=1)
    """Passes of the naming networks' training."""
    class_epochs: int = Field(default=8, ge=1)
    """Passes of the training on ten classes."""
    n_canvases: int = Field(default=20_000, ge=100)
    """Canvases that naming networks are trained on."""
    n_stimuli: int = Field(default=10_000, ge=100)
    """Of them, those that dictionaries are learned from."""
    n_tested: int = Field(default=4000, ge=50)
    """Stimuli of the scores."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train networks, unbraid them, and subtract the best control of each pair."""
        worlds = {
            "40 features": (naming, self.units),
            "ten classes": (ten_classes, self.class_units),
        }
        cells: Cells = {}
        alive: dict[tuple[str, int], float] = {}
        joined: dict[int, Together] = {}
        wide: dict[int, Scores] = {}
        jobs = [
            (w, build, units) for w, (build, all_units) in worlds.items() for units in all_units
        ]
        for at, (world, build, units) in enumerate(jobs):
            tell = part(progress, at / len(jobs), (at + 1) / len(jobs), f"{world}, {units} units: ")
            tell(f"training {self.networks} networks", 0.0)
            nets = build(self, units)
            rng = np.random.default_rng((self.seed, units, 2))
            sources = []
            for number, (net, own) in enumerate(zip(nets, rng.spawn(len(nets)), strict=True)):
                tell(f"codes of network {number + 1}", 0.3 + 0.4 * number / len(nets))
                auto = world == "40 features" and units in self.auto_units
                sources.append(sources_of(net, self, own, auto))
            tell("scores", 0.7)
            cells[world, units] = scores_of(sources, nets[0].truth)
            alive[world, units] = float(np.mean([net.alive for net in nets]))
            if world == "40 features":
                tell("several together", 0.8)
                joined[units] = together(nets, cells[world, units], self, rng)
                if units == self.width_units:
                    tell("width of the dictionary", 0.9)
                    wide = self._widths(nets[:_WIDTH_NETWORKS], rng)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(cells, joined),
            table=self._table(cells, alive, joined, wide),
            figures=gain_figures(self, cells, alive, joined, wide),
            settings={},
            conclusion=self._conclusion(cells),
            notes=[
                f"K ln(N/K) = {theory.units_needed(N, K):.1f} for the canvases. Linear layers "
                "have no axes, so that part of a matching's gain is rotation: 'rotation' is "
                "independent components of the units, as many as units.",
                "Best control: the largest of untrained TopK, random ReLU of the codes' width, "
                f"random ReLU of {self.wide} units and, for matching, the rotation. A wider random "
                "expansion predicts more: beyond a control means beyond this one.",
                "All pairs of the networks of one size count; intervals are from leaving out one "
                "network at a time.",
            ],
        )  # fmt: skip

    def _widths(self, nets: list[Recorded], rng: np.random.Generator) -> dict[int, Scores]:
        """Return width -> matching and MCC of codes."""
        found = {}
        for m in self.widths:
            method = sparse.SparseCoding(n_latents=m)
            codes = [
                {"codes": fit(net.training, method, each).encode(net.tested).values}
                for net, each in zip(nets, rng.spawn(len(nets)), strict=True)
            ]
            found[m] = scores_of(codes, nets[0].truth, metrics=("semi_matching", "mcc"))
        return found

    def _table(
        self, cells: Cells, alive: dict[tuple[str, int], float], joined: dict[int, Together],
        wide: dict[int, Scores],
    ) -> list[dict[str, Any]]:  # fmt: skip
        rows: list[dict[str, Any]] = []
        for (world, units), scores in cells.items():
            about = {"world": world, "units": units, "alive": alive[world, units]}
            for (metric, source), pairs in scores.items():
                each = over_networks(pairs, most=1)
                rows.append({**about, "metric": metric, "source": source, **each.row})
            for metric, codes in self._gained(scores):
                found = gains(scores, metric, codes)
                units_row = over_networks(found.over_units).row
                best_row = {**over_networks(found.over_control).row, "control": found.control}
                about = {**about, "metric": metric}
                rows.append({**about, "source": f"{codes} over units", **units_row})
                rows.append({**about, "source": f"{codes} over best control", **best_row})
        for units, found_together in joined.items():
            for (what, count), values in found_together.items():
                rows.append({"world": "40 features", "units": units, "metric": what,
                             "source": f"{count} together", "mean": float(np.mean(values)),
                             "n": len(values)})  # fmt: skip
        for m, scores in wide.items():
            for (metric, _), pairs in scores.items():
                row = over_networks(pairs, most=1).row
                rows.append({"world": "40 features", "units": self.width_units, "metric": metric,
                             "source": f"{m} latents", **row})  # fmt: skip
        return rows

    @staticmethod
    def _gained(scores: Scores) -> list[tuple[str, str]]:
        return [(m, c) for m in METRICS for c in CODES if (m, c) in scores]

    def _claims(self, cells: Cells, joined: dict[int, Together]) -> list[Claim]:
        needed = theory.units_needed(N, K)
        inside = [u for u in self.units if 1.5 * needed <= u <= N / 2]
        small = [u for u in self.units if u < needed]
        claims = []
        for metric in METRICS:
            if inside:
                found = {u: gains(cells["40 features", u], metric, "sparse coding") for u in inside}
                claims.append(Claim(
                    text=f"in superposition and above the bound, codes gain over units and every "
                    f"control ({metric})",
                    holds=all(each.everywhere for each in found.values()),
                    evidence=_said(found),
                ))  # fmt: skip
        if small:
            found = {u: gains(cells["40 features", u], "semi_matching", "sparse coding")
                     for u in small}  # fmt: skip
            claims.append(Claim(
                text="below the bound nothing is gained beyond the controls (semi_matching)",
                holds=all(_mean(each.over_control) <= 0.02 for each in found.values()),
                evidence=_said(found),
            ))  # fmt: skip
        if self.class_units:
            found = {u: gains(cells["ten classes", u], "ridge", "sparse coding")
                     for u in self.class_units}  # fmt: skip
            claims.append(Claim(
                text="networks of ten classes, which need no superposition, gain nothing (ridge)",
                holds=all(_mean(each.over_control) <= 0.02 for each in found.values()),
                evidence=_said(found),
            ))  # fmt: skip
        crowded = [u for u in joined if u <= 2 * needed and ("mcc", 2) in joined[u]]
        if crowded:
            asked = (("mcc", 1), ("mcc", 2), ("mcc, wrong pairing", 2))
            told = {u: [float(np.mean(joined[u][each])) for each in asked] for u in crowded}
            claims.append(Claim(
                text="where each is crowded, two networks together recover more than one, and more "
                "than two that were wrongly paired",
                holds=all(two > max(one, wrong) + 0.02 for one, two, wrong in told.values()),
                evidence=", ".join(
                    f"{u} units: MCC {one:.2f} alone, {two:.2f} two together, {wrong:.2f} wrongly "
                    f"paired" for u, (one, two, wrong) in told.items()),
            ))  # fmt: skip
        return claims

    def _conclusion(self, cells: Cells) -> str:
        found = {
            units: gains(scores, "semi_matching", "sparse coding")
            for (world, units), scores in cells.items() if world == "40 features"
        }  # fmt: skip
        good = [str(units) for units, each in found.items() if each.everywhere]
        pairs = "the only pair" if self.networks == 2 else "all pairs"
        if not good:
            return f"Nowhere did codes match better than units and every control in {pairs}."
        return (
            f"Codes match better than units and every control in {pairs} at {', '.join(good)} "
            f"units of {N} features, K ln(N/K) being {theory.units_needed(N, K):.1f}."
        )


def _mean(values: Mapping[Any, float]) -> float:
    return float(np.mean(list(values.values())))


def _said(found: Mapping[int, PairGains]) -> str:
    return ", ".join(
        f"{units} units: {_mean(each.over_units):+.3f} over units, "
        f"{_mean(each.over_control):+.3f} over {each.control}"
        for units, each in found.items()
    )
