"""The study `gains`: where unbraiding brings trained networks closer, and where it cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret, sparse, theory
from unbraid._progress import Progress, part
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.known_truth._known import fit, value
from unbraid.studies.several._gain_sources import CODES, Recorded, gains, scores_of, sources_of
from unbraid.studies.several._gain_systems import naming, ten_classes

_N, _K = 40, 2.2  # features of a canvas, and active ones on average
_METRICS = ("semi_matching", "ridge")

Cells = dict[tuple[str, int], list[dict[tuple[str, str], float]]]
"""World and units -> the scores of each pair."""


class GainsStudy(Study):
    """Gain over units and over the best control against the units that vary."""

    name: ClassVar[str] = "gains"
    question: ClassVar[str] = (
        "Where does unbraiding bring two seeds of a network closer than their units are, beyond "
        "what rotations and random expansions do?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "units": (4, 12), "pairs": 1, "widths": (24, 64), "class_units": (8,), "epochs": 8,
        "n_canvases": 10_000, "n_stimuli": 5000, "n_tested": 1500, "steps": 600, "wide": 512,
        "auto": False, "class_epochs": 6,
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder that holds Fashion-MNIST; none: Debian's, else scikit-learn's digits."""
    pairs: int = Field(default=3, ge=1)
    """Pairs of networks of each size."""
    units: tuple[int, ...] = Field(default=(4, 8, 12, 16, 32, 64, 128), min_length=1)
    """Units of networks that name 40 features."""
    class_units: tuple[int, ...] = (8, 16, 32)
    """Channels of networks of ten classes."""
    n_latents: int = Field(default=64, ge=1)
    """Latents of sparse coding, and of the random ReLU control of equal width."""
    widths: tuple[int, ...] = (16, 32, 64, 128, 320)
    """Latents of sparse coding where the width is varied, at ``width_units``."""
    width_units: int = Field(default=12, ge=1)
    """Units of the networks whose dictionary's width is varied; one of ``units``."""
    wide: int = Field(default=1024, ge=1)
    """Random ReLU units of the wide control."""
    k: int = Field(default=4, ge=1)
    """Active latents of TopK, which has four latents per unit."""
    steps: int = Field(default=2000, ge=1)
    """Its training steps."""
    auto: bool = True
    """Whether ``Auto`` is learned too."""
    epochs: int = Field(default=8, ge=1)
    """Passes of the naming networks' training."""
    class_epochs: int = Field(default=8, ge=1)
    """Passes of the training on ten classes."""
    n_canvases: int = Field(default=20_000, ge=100)
    """Canvases that naming networks are trained on."""
    n_stimuli: int = Field(default=20_000, ge=100)
    """Of them, those that dictionaries are learned from."""
    n_tested: int = Field(default=4000, ge=50)
    """Stimuli of the scores."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train pairs, unbraid them, and subtract the best control."""
        worlds = {
            "40 features": (naming, self.units),
            "ten classes": (ten_classes, self.class_units),
        }
        cells: Cells = {}
        alive: dict[tuple[str, int], list[float]] = {}
        wide: list[dict[int, tuple[float, float]]] = []
        jobs = [(w, build, u, s) for w, (build, us) in worlds.items() for u in us
                for s in range(self.pairs)]  # fmt: skip
        for at, (world, build, units, seed) in enumerate(jobs):
            tell = part(progress, at / len(jobs), (at + 1) / len(jobs))
            tell(f"{world}, {units} units, pair {seed + 1}", 0.0)
            nets = build(self, units, seed)
            rng = np.random.default_rng((self.seed, seed, units, 2))
            first, second = (
                sources_of(net, self, each) for net, each in zip(nets, rng.spawn(2), strict=True)
            )
            cells.setdefault((world, units), []).append(scores_of(first, second, nets[0]))
            alive.setdefault((world, units), []).append(float(np.mean([n.alive for n in nets])))
            if world == "40 features" and units == self.width_units:
                tell("width of the dictionary", 0.8)
                wide.append(self._widths(nets, rng))
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(cells),
            table=self._table(cells, alive, wide),
            figures=self._figures(cells, alive, wide),
            settings={},
            conclusion=self._conclusion(cells),
            notes=[
                f"K ln(N/K) = {theory.units_needed(_N, _K):.1f} for the canvases. Linear layers "
                "have no axes, so that part of a matching's gain is rotation: 'rotation' is "
                "independent components of the units, as many as units.",
                "Best control: the largest of untrained TopK, random ReLU of the codes' width, "
                f"random ReLU of {self.wide} units and, for matching, the rotation. A wider random "
                "expansion predicts more: beyond a control means beyond this one.",
            ],
        )  # fmt: skip

    def _widths(
        self, nets: list[Recorded], rng: np.random.Generator
    ) -> dict[int, tuple[float, float]]:
        """Return width -> semi-matching of codes and their MCC."""
        found = {}
        for m in self.widths:
            codes = [
                fit(net.training, sparse.SparseCoding(n_latents=m), each).encode(net.tested).values
                for net, each in zip(nets, rng.spawn(2), strict=True)
            ]
            semi = value("semi_matching", *codes, order="exchangeable")
            found[m] = (semi, interpret.mcc(codes[0], nets[0].truth))
        return found

    def _table(self, cells: Cells, alive: dict, wide: list) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for (world, units), pairs in cells.items():
            about = {"world": world, "units": units, "alive": float(np.mean(alive[world, units]))}
            for metric, source in pairs[0]:
                each = across([p[metric, source] for p in pairs], most=1)
                rows.append({**about, "metric": metric, "source": source, **each.row})
            for metric, codes in self._gained(pairs):
                found = [gains(p, metric, codes) for p in pairs]
                for at, over in enumerate(("over units", "over best control")):
                    each = across([f[1] if at else f[0] for f in found])
                    rows.append({**about, "metric": metric, "source": f"{codes} {over}", **each.row,
                                 "control": found[0][2] if at else ""})  # fmt: skip
        for m in self.widths if wide else ():
            for at, what in enumerate(("semi_matching", "mcc")):
                each = across([w[m][at] for w in wide], most=1)
                rows.append({"world": "40 features", "units": self.width_units, "metric": what,
                             "source": f"{m} latents", **each.row})  # fmt: skip
        return rows

    @staticmethod
    def _gained(pairs: list) -> list[tuple[str, str]]:
        return [(m, c) for m in _METRICS for c in CODES if (m, c) in pairs[0]]

    def _claims(self, cells: Cells) -> list[Claim]:
        needed = theory.units_needed(_N, _K)
        inside = [u for u in self.units if 1.5 * needed <= u <= _N / 2]
        small = [u for u in self.units if u < needed]
        claims = []
        for metric, where in (("semi_matching", inside), ("ridge", inside)):
            if where:
                found = {u: [gains(p, metric, "sparse coding") for p in cells["40 features", u]]
                         for u in where}  # fmt: skip
                claims.append(Claim(
                    text=f"in superposition and above the bound, codes gain over units and every "
                    f"control ({metric})",
                    holds=all(min(g[:2]) > 0 for each in found.values() for g in each),
                    evidence=_said(found),
                ))  # fmt: skip
        if small:
            found = {u: [gains(p, "semi_matching", "sparse coding")
                         for p in cells["40 features", u]] for u in small}  # fmt: skip
            claims.append(Claim(
                text="below the bound nothing is gained beyond the controls (semi_matching)",
                holds=all(np.mean([g[1] for g in each]) <= 0.02 for each in found.values()),
                evidence=_said(found),
            ))  # fmt: skip
        if self.class_units:
            found = {u: [gains(p, "ridge", "sparse coding") for p in cells["ten classes", u]]
                     for u in self.class_units}  # fmt: skip
            claims.append(Claim(
                text="networks of ten classes, which need no superposition, gain nothing (ridge)",
                holds=all(np.mean([g[1] for g in each]) <= 0.02 for each in found.values()),
                evidence=_said(found),
            ))  # fmt: skip
        return claims

    def _conclusion(self, cells: Cells) -> str:
        good = [
            u for (world, u), pairs in cells.items()
            if world == "40 features"
            and all(min(gains(p, "semi_matching", "sparse coding")[:2]) > 0 for p in pairs)
        ]  # fmt: skip
        if not good:
            return "Nowhere did codes match better than units and every control in all pairs."
        return (
            f"Codes match better than units and every control in all pairs at "
            f"{', '.join(map(str, good))} units of {_N} features, K ln(N/K) being "
            f"{theory.units_needed(_N, _K):.1f}."
        )

    def _figures(self, cells: Cells, alive: dict, wide: list) -> list[Figure]:
        drawn = []
        for metric in (*_METRICS, "mcc"):
            lines = []
            for source in ("units", *CODES, "random relu", "wide relu", "rotation", "read-out"):
                points = {
                    float(np.mean(alive[key])): across([p[metric, source] for p in pairs], most=1)
                    for key, pairs in cells.items()
                    if key[0] == "40 features" and (metric, source) in pairs[0]
                }
                if points:
                    kind = "measured" if source in ("units", *CODES) else "control"
                    lines.append(series(source, list(points), [c.row for c in points.values()],
                                        kind=kind))  # fmt: skip
            for name, x in (("K ln(N/K)", theory.units_needed(_N, _K)), ("N", float(_N))):
                lines.append(Series(name=name, kind="theory", x=[x, x], y=[0.0, 1.0]))
            drawn.append(Figure(
                kind="line", title=f"Two seeds of a network: {metric}",
                x_label="units that vary", y_label=metric, log_x=True, series=lines,
                caption=f"Networks that name {_N} features, {_K} active; {self.pairs} pairs, "
                f"intervals over pairs, {self.n_tested} tested canvases of other handwriting.",
            ))  # fmt: skip
        if wide:
            lines = [
                series(what, list(self.widths),
                       [across([w[m][at] for w in wide], most=1).row for m in self.widths])
                for at, what in enumerate(("semi-matching of codes", "MCC"))
            ]  # fmt: skip
            drawn.append(Figure(
                kind="line", title="Width of the dictionary", x_label="latents", y_label="score",
                log_x=True, series=lines,
                caption=f"{self.width_units} units, {len(wide)} pairs; {_N} true features.",
            ))  # fmt: skip
        return drawn


def _said(found: dict[int, list]) -> str:
    return ", ".join(
        f"{units} units: {np.mean([g[0] for g in each]):+.3f} over units, "
        f"{np.mean([g[1] for g in each]):+.3f} over {each[0][2]}"
        for units, each in found.items()
    )
