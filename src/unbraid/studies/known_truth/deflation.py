"""The study `deflation`: scores depend on the arrangement of features, not on what they are."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies.known_truth._known import value

_METRICS = ("cka", "rsa", "ridge_r2", "semi_matching", "soft_matching")
_UNIFORM = (1 / 2, 1 / 3, 1 / 4, 1 / 5)  # moments of U(0, 1)


class Deflation(Study):
    """Two linear encodings of identical features: measured, closed form, expected."""

    name: ClassVar[str] = "deflation"
    question: ClassVar[str] = (
        "How far do alignment scores fall when two systems hold identical features in different "
        "superpositions, and can they fall below those of systems that share only half?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "units": (8, 16, 32, 64), "probabilities": (0.02, 0.1, 0.5), "seeds": 3,
        "n_stimuli": 1_000,
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=10, ge=2)
    """Pairs of encodings of each size."""
    n_features: int = Field(default=64, ge=4)
    """N."""
    units: tuple[int, ...] = Field(default=(4, 8, 16, 24, 32, 48, 64), min_length=2)
    """M, of both systems."""
    probabilities: tuple[float, ...] = Field(default=(0.01, 0.03, 0.1, 0.3, 0.6), min_length=2)
    """Probability that a feature is active, for the sweep over sparsity."""
    n_stimuli: int = Field(default=2_000, ge=100)
    """Stimuli of each simulation."""

    def answer(self, progress: Progress) -> StudyResult:
        """Sweep compression and sparsity, then set up the inversion."""
        rng = np.random.default_rng(self.seed)
        table: list[dict[str, Any]] = []
        worst = 0.0
        cells = [("compression", m, 0.1) for m in self.units]
        cells += [("sparsity", 16, p) for p in self.probabilities]
        for i, (sweep, m, probability) in enumerate(cells):
            progress(f"{m} units, features active with {probability:g}", i / len(cells))
            pairs = [self._pair(m, probability, rng) for _ in range(self.seeds)]
            for metric in _METRICS:
                measured = across([pair[metric][0] for pair in pairs])
                closed = across([pair[metric][1] for pair in pairs])
                worst = max(worst, abs(measured.mean - closed.mean))
                table.append(
                    {
                        "sweep": sweep, "units": m, "probability": probability, "metric": metric,
                        "measured": measured.mean, "low": measured.low, "high": measured.high,
                        "closed_form": closed.mean,
                        "expected": self._expected(metric, m, probability), "seeds": self.seeds,
                    }
                )  # fmt: skip
        inversion = self._inversion(rng)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=_claims(table, worst, inversion),
            table=table + [{"sweep": "inversion", **row} for row in inversion],
            figures=[
                *(_figure(table, metric) for metric in _METRICS),
                _sparsity_figure(table),
                _inversion_figure(inversion),
            ],
            settings={},
            notes=[
                "Features are independent, encodings random with unit length a feature, stimuli "
                "without noise. Expected values are for random encodings; where they are missing, "
                "no closed form is known.",
            ],
        )

    def _pair(
        self, m: int, probability: float, rng: np.random.Generator
    ) -> dict[str, tuple[float, float]]:
        features = worlds.SparseFeatures(
            n_features=self.n_features, active=probability * self.n_features
        )
        z = features.sample(self.n_stimuli, rng=rng)
        world = worlds.Projection(n_units=m).project(z, rng=rng)
        (x, y), (a, b) = world.responses, world.encodings
        variance, fourth = theory.bernoulli_cumulants(probability, _UNIFORM)
        r = theory.unit_correlations(a, b)
        closed = {
            "cka": theory.linear_cka(a, b),
            "rsa": theory.rsa(a, b, variances=variance, fourth_cumulants=fourth),
            "ridge_r2": float(np.mean(theory.r2_per_unit(a, b))),
            "semi_matching": theory.semi_matching(r),
            "soft_matching": theory.soft_matching(r),
        }
        return {metric: (value(metric, x, y), closed[metric]) for metric in _METRICS}

    def _expected(self, metric: str, m: int, probability: float) -> float:
        n = self.n_features
        variance, fourth = theory.bernoulli_cumulants(probability, _UNIFORM)
        if metric == "cka":
            return theory.expected_cka(m, m, n)
        if metric == "rsa":
            return theory.expected_rsa(m, m, n, kurtosis=fourth / variance**2)
        if metric == "ridge_r2":
            return theory.expected_r2(m, n)
        if metric == "semi_matching":
            return theory.expected_semi_matching(m, n)
        return float("nan")

    def _inversion(self, rng: np.random.Generator) -> list[dict[str, Any]]:
        """Measure CKA and R2 of identical compressed and half-shared systems, 20 units each."""
        rows = []
        for case, n, shared in (("identical", 100, 100), ("half shared", 20, 10)):
            found: dict[str, list[float]] = {"cka": [], "ridge_r2": []}
            for _ in range(self.seeds):
                total = 2 * n - shared
                z = rng.normal(size=(self.n_stimuli, total))
                a, b = rng.normal(size=(2, total, 20))
                a[n:] = 0
                b[shared:n] = 0
                for metric, values in found.items():
                    values.append(value(metric, z @ a, z @ b))
            for metric, values in found.items():
                theirs = {
                    "cka": theory.expected_overlap_cka(20, 20, n, n, shared),
                    "ridge_r2": theory.expected_overlap_r2(20, n, n, shared),
                }[metric]
                mean = across(values)
                rows.append(
                    {"case": case, "metric": metric, "measured": mean.mean, "low": mean.low,
                     "high": mean.high, "expected": theirs, "seeds": self.seeds}
                )  # fmt: skip
        return rows


def _claims(
    table: list[dict[str, Any]], worst: float, inversion: list[dict[str, Any]]
) -> list[Claim]:
    def of(metric: str, sweep: str) -> list[dict[str, Any]]:
        return [r for r in table if r["metric"] == metric and r["sweep"] == sweep]

    falls = {metric: [row["measured"] for row in of(metric, "compression")] for metric in _METRICS}
    cka = [row["measured"] for row in of("cka", "sparsity")]
    rsa = [row["measured"] for row in of("rsa", "sparsity")]
    score = {(row["case"], row["metric"]): row["measured"] for row in inversion}
    return [
        Claim(
            text="identical features score low, and lower the more they are compressed",
            holds=all(v[0] < 0.5 and v[0] < v[-1] for v in falls.values()),
            evidence="; ".join(f"{k} {v[0]:.2f} to {v[-1]:.2f}" for k, v in falls.items()),
        ),
        Claim(
            text="the closed forms predict every score from the encodings alone",
            holds=worst < 0.05,
            evidence=f"largest difference of means {worst:.3f}",
        ),
        Claim(
            text="sparsity protects RSA but not CKA",
            holds=rsa[0] > rsa[-1] + 0.1 and max(cka) - min(cka) < 0.1,
            evidence=f"from sparse to dense: RSA {rsa[0]:.2f} to {rsa[-1]:.2f}, "
            f"CKA {cka[0]:.2f} to {cka[-1]:.2f}",
        ),
        Claim(
            text="identical features can score below half-shared ones",
            holds=all(
                score["identical", metric] < score["half shared", metric]
                for metric in ("cka", "ridge_r2")
            ),
            evidence=f"CKA {score['identical', 'cka']:.3f} against "
            f"{score['half shared', 'cka']:.3f}; R2 {score['identical', 'ridge_r2']:.2f} against "
            f"{score['half shared', 'ridge_r2']:.2f}",
        ),
    ]


def _figure(table: list[dict[str, Any]], metric: str) -> Figure:
    rows = [r for r in table if r["metric"] == metric and r["sweep"] == "compression"]
    x = [row["units"] for row in rows]
    curves = [
        series("measured", x, rows, y="measured"),
        Series(name="closed form", x=x, y=[r["closed_form"] for r in rows], kind="theory"),
    ]
    if np.isfinite(rows[0]["expected"]):
        y = [r["expected"] for r in rows]
        curves.append(Series(name="expected of random encodings", x=x, y=y, kind="theory"))
    return Figure(
        kind="line", title=metric, x_label="units", y_label="score", series=curves,
        caption=f"Identical features in two encodings; {rows[0]['seeds']} pairs a size.",
    )  # fmt: skip


def _sparsity_figure(table: list[dict[str, Any]]) -> Figure:
    curves = []
    for metric in ("cka", "rsa"):
        rows = [r for r in table if r["metric"] == metric and r["sweep"] == "sparsity"]
        x = [row["probability"] for row in rows]
        curves.append(series(metric, x, rows, y="measured"))
        closed = [row["closed_form"] for row in rows]
        curves.append(Series(name=f"{metric}, closed form", x=x, y=closed, kind="theory"))
    return Figure(
        kind="line", title="Sparsity", x_label="probability that a feature is active",
        y_label="score", series=curves, log_x=True,
        caption=f"Identical features in two encodings of {rows[0]['units']} units; of all metrics "
        f"only RSA sees how sparse they are; {rows[0]['seeds']} pairs each.",
    )  # fmt: skip


def _inversion_figure(rows: list[dict[str, Any]]) -> Figure:
    cases = list(dict.fromkeys(row["case"] for row in rows))
    bars = []
    for case in cases:
        own = [row for row in rows if row["case"] == case]
        names = [row["metric"] for row in own]
        bars.append(series(case, names, own, y="measured"))
        bars.append(
            Series(name=f"{case}, expected", x=names, y=[r["expected"] for r in own], kind="theory")
        )
    return Figure(
        kind="bar", title="The inversion", x_label="metric", y_label="score", series=bars,
        caption="100 identical features in 20 units score below 20 of which half are shared.",
    )  # fmt: skip
