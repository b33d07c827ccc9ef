"""The study `recovery`: codes that recover the features restore every alignment score."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret, sparse, theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies._together import together
from unbraid.studies.known_truth._known import fit, true_dictionary, value
from unbraid.studies.known_truth._supervised import supervised_topk

_METRICS = ("cka", "rsa", "ridge_r2", "semi_matching")
_CODES = ("raw", "known atoms", "supervised TopK", "TopK", "Pursuit")
# an independent replication: units -> codes -> cka, rsa, r2, semi, mcc
_REFERENCE: dict[int, dict[str, tuple[float, ...]]] = {
    4: {"raw": (0.04, 0.21, 0.04, 0.12), "known atoms": (0.05, 0.32, 0.01, 0.12, 0.31),
        "supervised TopK": (0.04, 0.28, 0.00, 0.11, 0.27), "TopK": (0.04, 0.31, 0.02, 0.09, 0.14)},
    8: {"raw": (0.13, 0.37, 0.13, 0.19), "known atoms": (0.40, 0.40, 0.37, 0.60, 0.76),
        "supervised TopK": (0.20, 0.42, 0.16, 0.36, 0.58), "TopK": (0.13, 0.49, 0.10, 0.20, 0.37)},
    12: {"raw": (0.18, 0.47, 0.19, 0.20), "known atoms": (0.87, 0.77, 0.86, 0.93, 0.96),
         "supervised TopK": (0.38, 0.48, 0.37, 0.59, 0.75),
         "TopK": (0.31, 0.54, 0.30, 0.51, 0.68)},
    16: {"raw": (0.20, 0.53, 0.24, 0.20), "known atoms": (0.99, 0.99, 0.99, 1.00, 1.00),
         "supervised TopK": (0.56, 0.55, 0.56, 0.74, 0.85),
         "TopK": (0.49, 0.58, 0.51, 0.67, 0.79)},
    24: {"raw": (0.26, 0.59, 0.36, 0.24), "known atoms": (1.0, 1.0, 1.0, 1.0, 1.0),
         "supervised TopK": (0.77, 0.57, 0.78, 0.88, 0.93),
         "TopK": (0.68, 0.57, 0.72, 0.82, 0.84)},
    32: {"raw": (0.34, 0.71, 0.47, 0.26), "known atoms": (1.0, 1.0, 1.0, 1.0, 1.0),
         "supervised TopK": (0.88, 0.77, 0.88, 0.94, 0.97),
         "TopK": (0.80, 0.75, 0.82, 0.89, 0.89)},
}  # fmt: skip


class Recovery(Study):
    """Identical features in two systems: raw, and unbraided in four ways."""

    name: ClassVar[str] = "recovery"
    question: ClassVar[str] = (
        "Do recovered codes restore alignment between systems with identical features, and where "
        "does it begin?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "units": (4, 16, 32), "seeds": 1, "n_stimuli": 1_500, "n_train": 6_000,
        "supervised_steps": 600, "topk_steps": 600,
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Pairs of encodings of each size."""
    n_features: int = Field(default=64, ge=4)
    """N."""
    active: int = Field(default=3, ge=1)
    """K, exactly."""
    units: tuple[int, ...] = Field(default=(4, 8, 12, 16, 24, 32), min_length=1)
    """M, of both systems."""
    n_stimuli: int = Field(default=6_000, ge=100)
    """Stimuli on which all is scored; none of them is learned from."""
    n_train: int = Field(default=20_000, ge=100)
    """Stimuli that encoders and dictionaries learn from."""
    supervised_steps: int = Field(default=4_000, ge=1)
    """Training steps of the encoder that is trained on the true features."""
    topk_steps: int = Field(default=4_000, ge=1)
    """Training steps of the autoencoder."""
    penalty: float = Field(default=0.003, gt=0)
    """Of the lasso with known atoms."""

    def answer(self, progress: Progress) -> StudyResult:
        """Score raw units and each kind of codes over compression."""
        table = []
        cells = [(m, s) for m in self.units for s in range(self.seeds)]
        found_of = dict(zip(cells, together(self._pair, cells, _named, progress), strict=True))
        for m in self.units:
            pairs = [found_of[m, s] for s in range(self.seeds)]
            for codes in _CODES:
                for j, metric in enumerate((*_METRICS, "mcc")):
                    found = across([pair[codes][metric] for pair in pairs], most=1)
                    told = _REFERENCE.get(m, {}).get(codes, ()) if self._is_published() else ()
                    reference = told[j] if j < len(told) else None
                    table.append(
                        {
                            "units": m, "ratio": m / self._needed(), "codes": codes,
                            "metric": metric, **found.row,
                            "reference": reference,
                            "agrees": None if reference is None else found.agrees_with(reference),
                        }
                    )  # fmt: skip
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(table),
            table=table,
            figures=[self._figure(table, metric) for metric in (*_METRICS, "mcc")],
            settings={},
            notes=[
                "Noiseless linear encodings with unit directions and exactly K active features. "
                "Noise, unequal frequencies or correlated features move the transition up.",
                "RSA has no expected value here: where exactly K features are active, they are not "
                "independent.",
                "Reference values are an independent replication with one pair of encodings; its "
                "autoencoder was plainer than TopK here.",
            ],
        )

    def _needed(self) -> float:
        return theory.units_needed(self.n_features, self.active)

    def _is_published(self) -> bool:
        return (self.n_features, self.active, self.supervised_steps) == (64, 3, 4_000)

    def _pair(self, cell: tuple[int, int]) -> dict[str, dict[str, float]]:
        m, _ = cell
        rng = np.random.default_rng((self.seed, *cell))
        features = worlds.SparseFeatures(
            n_features=self.n_features, active=self.active, support="exact", low=0.1, high=1.0
        )
        z = features.sample(self.n_train + self.n_stimuli, rng=rng)
        world = worlds.Projection(n_units=m).project(z, rng=rng)
        seen, unseen = slice(self.n_train), slice(self.n_train, None)
        topk = sparse.TopK(
            k=self.active,
            n_latents=self.n_features,
            training=sparse.Training(steps=self.topk_steps, batch_size=512, learning_rate=3e-3),
        )
        pursuit = sparse.Pursuit(k=self.active, n_latents=self.n_features)
        both: dict[str, list] = {name: [] for name in _CODES}
        for x, a in zip(world.responses, world.encodings, strict=True):
            train, test = x[seen], x[unseen]
            told = supervised_topk(
                train, z[seen], a, k=self.active, steps=self.supervised_steps, rng=rng
            )
            both["raw"].append(test)
            both["known atoms"].append(true_dictionary(a, self.active, self.penalty).encode(test))
            both["supervised TopK"].append(told.encode(test))
            for name, method in (("TopK", topk), ("Pursuit", pursuit)):
                both[name].append(fit(train, method, rng).encode(test))
        found = {}
        few = slice(2_000)  # RSA uses pairs
        for name, (x, y) in both.items():
            scores = {
                metric: value(metric, x[few], y[few]) if metric == "rsa" else value(metric, x, y)
                for metric in _METRICS
            }
            truth = z[unseen]
            found[name] = {**scores, "mcc": (interpret.mcc(x, truth) + interpret.mcc(y, truth)) / 2}
        return found

    def _claims(self, table: list[dict[str, Any]]) -> list[Claim]:
        def of(codes: str, metric: str) -> dict[int, float]:
            return {
                row["units"]: row["mean"]
                for row in table
                if row["codes"] == codes and row["metric"] == metric
            }

        needed = self._needed()
        above = [m for m in self.units if m >= 1.5 * needed]
        below = [m for m in self.units if m < 0.5 * needed]
        raw, exact = of("raw", "cka"), of("known atoms", "cka")
        told, topk, learned = (of(c, "mcc") for c in ("supervised TopK", "TopK", "Pursuit"))
        best = of("known atoms", "mcc")
        claims = [
            Claim(
                text="sparse codes with known atoms restore alignment above the bound",
                holds=bool(above) and all(exact[m] > 0.97 and raw[m] < 0.5 for m in above),
                evidence=", ".join(f"M = {m}: CKA {raw[m]:.2f} to {exact[m]:.2f}" for m in above),
            ),
            Claim(
                text=(
                    "one pass through a linear encoder stays below sparse coding, even when "
                    "trained on the true features"
                ),
                holds=all(told[m] < best[m] for m in above),
                evidence=", ".join(f"M = {m}: MCC {told[m]:.2f} < {best[m]:.2f}" for m in above),
            ),
            Claim(
                text="learned dictionaries restore most of it without the true features",
                holds=all(max(topk[m], learned[m]) > 0.8 for m in self.units if m >= 3 * needed),
                evidence=", ".join(
                    f"M = {m}: TopK {topk[m]:.2f}, pursuit {learned[m]:.2f}" for m in above
                ),
            ),
        ]
        if below:
            low = {c: of(c, "mcc") for c in _CODES[1:]}
            claims.append(
                Claim(
                    text="well below the bound nothing recovers the features",
                    holds=all(low[c][m] < 0.5 for c in low for m in below),
                    evidence=", ".join(f"{c} {low[c][m]:.2f}" for c in low for m in below[:1]),
                )
            )
        return claims

    def _expected(self, metric: str, m: int) -> float:
        """Return theory's mean score of raw units."""
        n = self.n_features
        if metric == "semi_matching":
            return theory.expected_semi_matching(m, n)
        return theory.expected_cka(m, m, n) if metric == "cka" else theory.expected_r2(m, n)

    def _figure(self, table: list[dict[str, Any]], metric: str) -> Figure:
        curves = []
        for codes in _CODES:
            rows = [r for r in table if r["codes"] == codes and r["metric"] == metric]
            curves.append(series(codes, [r["units"] for r in rows], rows))
        if metric not in ("rsa", "mcc"):
            y = [self._expected(metric, m) for m in self.units]
            curves.append(Series(name="raw, expected", x=list(self.units), y=y, kind="theory"))
        return Figure(
            kind="line", title=metric, x_label="units", y_label="score", series=curves,
            caption=f"{self.n_features} features of which {self.active} are active: "
            f"K ln(N/K) = {self._needed():.1f} units; {self.seeds} pair(s).",
        )  # fmt: skip


def _named(cell: tuple[int, int]) -> str:
    return f"{cell[0]} units, pair {cell[1] + 1}"
