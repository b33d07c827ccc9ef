"""The study `onion`: a world in which features have no directions, and how one notices."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret, sparse, worlds
from unbraid.studies._across import across
from unbraid.studies._known import fit
from unbraid.studies._study import Claim, Figure, Progress, Series, Study, StudyResult

_WORLDS = {"onion": True, "linear control": False}


class OnionStudy(Study):
    """Tokens stored by order of magnitude, against tokens stored by direction."""

    name: ClassVar[str] = "onion"
    question: ClassVar[str] = (
        "Where features are told apart by magnitude and not by direction, do probe and codes fail, "
        "and does it show?"
    )
    reduced: ClassVar[dict[str, Any]] = {"seeds": 2, "n_stimuli": 2_000}

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Worlds of each kind."""
    world: worlds.OnionWorld = worlds.OnionWorld()
    """Tokens, places and units."""
    n_stimuli: int = Field(default=6_000, ge=100)
    """Sequences to learn from, and as many to judge on."""
    restarts: int = Field(default=3, ge=1)
    """Starts of the dictionary learner."""

    def answer(self, progress: Progress) -> StudyResult:
        """Probe both worlds linearly, by peeling, and through codes."""
        table: list[dict[str, Any]] = []
        for i, (name, layered) in enumerate(_WORLDS.items()):
            runs = []
            for s in range(self.seeds):
                progress(f"{name} {s + 1} of {self.seeds}", (i + s / self.seeds) / 2)
                config = self.world.model_copy(update={"layered": layered})
                runs.append(self._run(config, np.random.default_rng((self.seed, s))))
            for measure in runs[0]:
                found = across([run[measure] for run in runs])
                table.append(
                    {"world": name, "measure": measure, "mean": found.mean, "low": found.low,
                     "high": found.high, "seeds": found.n}
                )  # fmt: skip
        numbers = {(row["world"], row["measure"]): row["mean"] for row in table}
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(numbers),
            table=table,
            figures=[self._places(numbers), _codes(table, self.seeds)],
            settings={},
            notes=[
                "The onion is built in the form that was found in trained recurrent networks, not "
                "trained. Peeling is told the directions.",
                "`levels`: distinct magnitudes that one code takes (clusters at least 20 % apart "
                "that hold 5 % of its activity). One level a feature is what the linear "
                "representation hypothesis asks for.",
            ],
        )

    def _run(self, config: worlds.OnionWorld, rng: np.random.Generator) -> dict[str, float]:
        both = config.sample(2 * self.n_stimuli, rng=rng)
        n = self.n_stimuli
        x, new = both.responses[:n], both.responses[n:]
        found = {}
        peeled = worlds.peel(new, both.directions)
        for j in range(config.length):
            found[f"linear probe, place {j + 1}"] = _probe(
                x, both.tokens[:n, j], new, both.tokens[n:, j]
            )
            found[f"peeling, place {j + 1}"] = float((peeled[:, j] == both.tokens[n:, j]).mean())
        width = config.n_tokens * (1 if config.layered else config.length)
        method = sparse.Pursuit(
            n_latents=width, k=config.length, restarts=self.restarts, offset="zero"
        )
        codes = fit(x, method, rng).encode(new)
        found["mcc with tokens at places"] = interpret.mcc(codes, both.features[n:])
        found["mcc with tokens"] = interpret.mcc(codes, both.presence[n:])
        found["levels"] = _levels(np.asarray(codes))
        return found

    def _claims(self, found: dict[tuple[str, str], float]) -> list[Claim]:
        last = self.world.length
        probe, peeled = (
            {w: found[w, f"{kind}, place {last}"] for w in _WORLDS}
            for kind in ("linear probe", "peeling")
        )
        codes = {w: found[w, "mcc with tokens at places"] for w in _WORLDS}
        levels = {w: found[w, "levels"] for w in _WORLDS}
        return [
            Claim(
                text="everything is stored, yet a linear probe cannot read it",
                holds=peeled["onion"] > 0.9 and probe["onion"] < peeled["onion"] - 0.2,
                evidence=f"place {last}: peeling {peeled['onion']:.2f}, "
                f"linear probe {probe['onion']:.2f} of tokens right",
            ),
            Claim(
                text="codes find tokens but not their places",
                holds=found["onion", "mcc with tokens"] > 0.9 and codes["onion"] < 0.5,
                evidence=f"MCC {found['onion', 'mcc with tokens']:.2f} with tokens, "
                f"{codes['onion']:.2f} with tokens at places",
            ),
            Claim(
                text="the broken assumption shows: one code takes several magnitudes",
                holds=levels["onion"] > 1.5 > levels["linear control"],
                evidence=f"{levels['onion']:.1f} levels a code, {levels['linear control']:.1f} in "
                "the linear control",
            ),
            Claim(
                text="where features have directions, probe and codes find them",
                holds=probe["linear control"] > 0.9 and codes["linear control"] > 0.9,
                evidence=f"probe {probe['linear control']:.2f}, MCC {codes['linear control']:.2f}",
            ),
        ]

    def _places(self, found: dict[tuple[str, str], float]) -> Figure:
        places = list(range(1, self.world.length + 1))
        return Figure(
            kind="line", title="Tokens read at each place", x_label="place",
            y_label="share of tokens right",
            series=[
                Series(
                    name=f"{kind}, {world}", x=places,
                    y=[found[world, f"{kind}, place {j}"] for j in places],
                    kind="measured" if world == "onion" else "control",
                )
                for world in _WORLDS for kind in ("linear probe", "peeling")
            ],
            caption=f"Chance is {1 / self.world.n_tokens:.2f}; {self.seeds} world(s) of each kind.",
        )  # fmt: skip


def _probe(x: np.ndarray, labels: np.ndarray, new: np.ndarray, truth: np.ndarray) -> float:
    """Accuracy of the best linear readout of one place, fitted on other sequences."""
    from sklearn.linear_model import LogisticRegression

    readout = LogisticRegression(max_iter=500).fit(x, labels)
    return float((readout.predict(new) == truth).mean())


def _levels(codes: np.ndarray) -> float:
    """Mean number of magnitudes that a live code takes."""
    counts = []
    for column in codes.T:
        active = np.sort(column[column > 0.02 * column.max(initial=0)])
        if not len(active):
            continue
        # a new level begins where the next value is a fifth larger than the one before
        edges = np.flatnonzero(active[1:] > 1.2 * active[:-1]) + 1
        sizes = np.diff(np.concatenate([[0], edges, [len(active)]]))
        counts.append(int((sizes > 0.05 * len(active)).sum()))
    return float(np.mean(counts)) if counts else float("nan")


def _codes(table: list[dict[str, Any]], seeds: int) -> Figure:
    measures = ("mcc with tokens at places", "mcc with tokens")
    series = []
    for world in _WORLDS:
        rows = {row["measure"]: row for row in table if row["world"] == world}
        series.append(Series(name=world, x=list(measures), y=[rows[m]["mean"] for m in measures]))
    return Figure(
        kind="bar", title="What codes stand for", x_label="measure", y_label="MCC", series=series,
        caption=f"Dictionaries by pursuit; {seeds} world(s) of each kind.",
    )  # fmt: skip
