"""The study `amortization`: what one pass through an encoder loses against sparse inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret, sparse, theory, worlds
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, Series, Study, StudyResult
from unbraid.studies._together import together
from unbraid.studies.known_truth import _relu_encoder
from unbraid.studies.known_truth._known import fit, true_dictionary

_PUBLISHED = {  # N = 16, M = 8, K = 3: MCC of codes
    ("known", "linear encoder"): 0.609, ("known", "lasso"): 0.967,
    ("known", "MLP 32"): 0.780, ("known", "MLP 256"): 0.818,
    ("learned", "linear encoder"): 0.566, ("learned", "its atoms, lasso"): 0.583,
    ("learned", "MLP 256"): 0.643, ("learned", "sparse coding"): 0.691,
}  # fmt: skip
_PUBLISHED_ATOMS = {"linear encoder": 0.745, "MLP 256": 0.851, "sparse coding": 0.837}


class Amortization(Study):
    """The known-dictionary world of arXiv 2411.13117."""

    name: ClassVar[str] = "amortization"
    question: ClassVar[str] = (
        "How much of what is recoverable does an autoencoder's encoder miss, with known and with "
        "learned atoms?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "seeds": 1, "known_steps": 2_000, "learned_steps": 3_000, "learning_rate": 4e-3,
        "n_stimuli": 512,
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Worlds."""
    n_features: int = Field(default=16, ge=2)
    """N."""
    n_units: int = Field(default=8, ge=1)
    """M."""
    active: int = Field(default=3, ge=2)
    """K, exactly; values ``|N(0, 1)|``."""
    n_stimuli: int = Field(default=1_024, ge=10)
    """Training stimuli, and as many to judge on."""
    known_steps: int = Field(default=20_000, ge=1)
    """Training steps of encoders for known atoms."""
    learned_steps: int = Field(default=40_000, ge=1)
    """Training steps where the atoms are learned too."""
    learning_rate: float = Field(default=1e-3, gt=0)
    """Of Adam."""
    sparsity: float = Field(default=0.01, gt=0)
    """Weight of ``mean |codes|`` beside ``mean (x - x^)^2``."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train encoders, infer codes, compare both with the truth."""
        found: dict[tuple[str, str], list[tuple]] = {}
        runs = together(self._world, range(self.seeds), lambda s: f"world {s + 1}", progress)
        for run in runs:
            for key, numbers in run.items():
                found.setdefault(key, []).append(numbers)
        published = self._is_published()
        table: list[dict[str, Any]] = []
        for (atoms, method), numbers in found.items():
            codes = across([one[0] for one in numbers], most=1)
            reference = _PUBLISHED.get((atoms, method)) if published else None
            table.append(
                {
                    "atoms": atoms, "method": method, "mcc": codes.mean, "low": codes.low,
                    "high": codes.high, "atoms_mcc": across([one[1] for one in numbers]).mean,
                    "flops_a_stimulus": numbers[0][2], "flops_to_train": numbers[0][3],
                    "seeds": codes.n,
                    "published": reference,
                    "agrees": None if reference is None else codes.agrees_with(reference),
                    "published_atoms": _PUBLISHED_ATOMS.get(method)
                    if published and atoms == "learned"
                    else None,
                }
            )  # fmt: skip
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims({(r["atoms"], r["method"]): r["mcc"] for r in table}),
            table=table,
            figures=[
                _figure(
                    table,
                    self.seeds,
                    "flops_a_stimulus",
                    "operations a stimulus",
                    "From the linear encoder (left) to sparse inference (right)",
                ),
                _figure(
                    table,
                    self.seeds,
                    "flops_to_train",
                    "operations of the training",
                    "What descent takes, forward and backward; the lasso with atoms that a "
                    "linear encoder learned stands above that encoder",
                ),
            ],
            settings={},
            notes=[
                f"{self.n_units} units are close to K ln(N/K) = "
                f"{theory.units_needed(self.n_features, self.active):.1f}: the gap closes with "
                "more units, and with few features a wide hidden layer helps.",
                "Sparse coding is by pursuit (matching pursuit, least squares, by turns) and finds "
                "better atoms than the published one, which descends on codes and atoms together. "
                "The lasso is solved exactly; the published inference stops after 10,000 steps.",
                "Operations of the lasso are those of 100 steps of FISTA; the solver needs fewer. "
                "Those of a training are three passes, to codes and back, a stimulus and step; "
                "pursuit, which stops by itself, is not counted.",
            ],
        )

    def _is_published(self) -> bool:
        sizes = (self.n_features, self.n_units, self.active, self.n_stimuli)
        steps = (self.known_steps, self.learned_steps, self.learning_rate)
        return sizes == (16, 8, 3, 1_024) and steps == (20_000, 40_000, 1e-3)

    def _world(self, s: int) -> dict[tuple[str, str], tuple]:
        rng = np.random.default_rng((self.seed, s))
        n, m, k = self.n_features, self.n_units, self.active
        features = worlds.SparseFeatures(
            n_features=n, active=k, support="exact", magnitude="half_normal"
        )
        z = features.sample(2 * self.n_stimuli, rng=rng)
        world = worlds.Projection(n_units=m).project(z, n_systems=1, rng=rng)
        (a,), (x,) = world.encodings, world.responses
        train, test, truth = x[: self.n_stimuli], x[self.n_stimuli :], z[self.n_stimuli :]
        # the same objective per stimulus, as 1/2 |x - x^|^2 + penalty |codes|
        penalty = self.sparsity * m / (2 * n)
        lasso_flops = m * n + n + (4 * m * n + 2 * m + 11 * n) * 100
        options: dict[str, Any] = {
            "rng": rng,
            "learning_rate": self.learning_rate,
            "penalty": self.sparsity,
        }

        def judged(encode: Callable, atoms: np.ndarray, flops: int, trained: int | None) -> tuple:
            mcc = interpret.mcc(encode(test), truth)
            return mcc, interpret.dictionary_mcc(atoms, a), flops, trained

        def lasso(atoms: np.ndarray) -> Callable:
            return true_dictionary(atoms.astype(float), k, penalty).encode

        found = {("known", "lasso"): judged(lasso(a), a, lasso_flops, None)}
        for name, hidden in (("linear encoder", None), ("MLP 32", 32), ("MLP 256", 256)):
            net = _relu_encoder.train(
                train, n, atoms=a, hidden=hidden, steps=self.known_steps, **options
            )
            found["known", name] = judged(
                net.encode, a, net.flops, net.training_flops(self.n_stimuli, self.known_steps)
            )
        for name, hidden in (("linear encoder", None), ("MLP 256", 256)):
            net = _relu_encoder.train(train, n, hidden=hidden, steps=self.learned_steps, **options)
            trained = net.training_flops(self.n_stimuli, self.learned_steps)
            found["learned", name] = judged(net.encode, net.atoms, net.flops, trained)
            if hidden is None:
                found["learned", "its atoms, lasso"] = judged(
                    lasso(net.atoms), net.atoms, lasso_flops, trained
                )
        learned = fit(train, sparse.Pursuit(k=k, n_latents=n, offset="zero"), rng)
        found["learned", "sparse coding"] = judged(
            lambda y: learned.encode(y, by="fista", penalty=penalty), learned.atoms, lasso_flops,
            None,
        )  # fmt: skip
        return found

    def _claims(self, mcc: dict[tuple[str, str], float]) -> list[Claim]:
        known = {name: value for (atoms, name), value in mcc.items() if atoms == "known"}
        best = max(value for name, value in known.items() if name != "lasso")
        gap = known["lasso"] - known["linear encoder"]
        learned = mcc["learned", "sparse coding"], mcc["learned", "linear encoder"]
        return [
            Claim(
                text="a linear encoder misses what sparse inference finds with the same atoms",
                holds=gap > 0.2,
                evidence=f"MCC {known['linear encoder']:.3f} against {known['lasso']:.3f}",
            ),
            Claim(
                text="a hidden layer narrows the gap but does not close it",
                holds=known["linear encoder"] < best < known["lasso"],
                evidence=", ".join(f"{name} {value:.3f}" for name, value in known.items()),
            ),
            Claim(
                text="with atoms to be learned sparse coding stays ahead of the autoencoder",
                holds=learned[0] > learned[1],
                evidence=f"MCC {learned[0]:.3f} against {learned[1]:.3f}",
            ),
        ]


def _figure(
    table: list[dict[str, Any]], seeds: int, column: str, x_label: str, caption: str
) -> Figure:
    curves = []
    for atoms in ("known", "learned"):
        rows = [row for row in table if row["atoms"] == atoms and row[column] is not None]
        rows.sort(key=lambda row: row[column])
        cost = [row[column] for row in rows]
        curves.append(series(f"{atoms} atoms", cost, rows, y="mcc"))
        told = [row for row in rows if row["published"] is not None]
        if told:
            curves.append(
                Series(
                    name=f"{atoms} atoms, published",
                    x=[r[column] for r in told],
                    y=[r["published"] for r in told],
                    kind="published",
                )
            )
    return Figure(
        kind="line", title=f"Recovery against {x_label}", log_x=True, x_label=x_label,
        y_label="MCC of codes with true features", series=curves,
        caption=f"{caption}; {seeds} world(s).",
    )  # fmt: skip
