"""The study `onion`: systems in which features have no directions, and how to detect this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import worlds
from unbraid._progress import Progress
from unbraid.studies._across import Across, across, series
from unbraid.studies._study import Claim, Figure, Study, StudyResult
from unbraid.studies._together import together
from unbraid.studies.known_truth._readers import Read, read

_READERS = ("linear readout", "sparse codes", "peeling")
_GAP = 0.1  # how much more peeling must read than sparse codes where directions fail
_BUILT = ("built onion", "built, linear")


class OnionStudy(Study):
    """Recurrent networks that repeat sequences, beside an onion and a linear code built by hand."""

    name: ClassVar[str] = "onion"
    question: ClassVar[str] = (
        "Does a trained network store features without a direction each, do linear readout and "
        "sparse codes fail there, and does it show?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "seeds": 1, "units": (16,), "steps": 1_500, "n_stimuli": 3_000
    }  # fmt: skip

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    seeds: int = Field(default=5, ge=1)
    """Networks of each size, and built worlds of each kind."""
    n_tokens: int = Field(default=10, ge=2)
    """Different tokens."""
    length: int = Field(default=4, ge=2)
    """Tokens of a sequence."""
    units: tuple[int, ...] = Field(default=(16, 96), min_length=1)
    """Sizes of the networks; the built worlds have the smallest."""
    steps: int = Field(default=5_000, ge=1)
    """Training steps of a network."""
    n_stimuli: int = Field(default=8_000, ge=100)
    """Sequences: half to learn to read from, half to judge on."""

    def answer(self, progress: Progress) -> StudyResult:
        """Train and build, and read every system in three ways."""
        systems = [*(f"{m} units" for m in self.units), *_BUILT]
        cells = [(system, s) for system in systems for s in range(self.seeds)]
        runs = together(self._read, cells, lambda cell: f"{cell[0]}, seed {cell[1] + 1}", progress)
        of = {
            system: [run for run, cell in zip(runs, cells, strict=True) if cell[0] == system]
            for system in systems
        }
        found = {
            (system, measure): across([run[measure] for run in own], most=1)
            for system, own in of.items()
            for measure in own[0]
        }
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(found, systems),
            table=[
                {"system": system, "measure": measure, **value.row}
                for (system, measure), value in found.items()
            ],
            figures=[self._figure(found, system) for system in systems],
            settings={},
            notes=[
                "`sparse codes` are those of the lasso on the directions that the tokens at places "
                "have on average: no dictionary could be learned better. Peeling subtracts what "
                "the tokens read so far add, then reads the next.",
                "`nearest`: the cosine of a feature's direction with the most similar other one, "
                "median over features. `explained`: R2 of responses from tokens at places; they "
                "add up in all systems, so that it is directions that fail and not additivity.",
                "arXiv 2408.10920 trains 48 units and more on 30 tokens and sequences of up to 9.",
            ],
        )

    def _read(self, cell: tuple[str, int]) -> dict[str, float]:
        system, s = cell
        rng = np.random.default_rng((self.seed, s))
        sizes: dict[str, int] = {"n_tokens": self.n_tokens, "length": self.length}
        said = {}
        if system in _BUILT:
            world = worlds.OnionWorld(
                n_units=min(self.units), layered=system == _BUILT[0], **sizes
            ).sample(self.n_stimuli, rng=rng)
            tokens, x = world.tokens, world.responses
        else:
            config = worlds.RepeatWorld(n_units=int(system.split()[0]), steps=self.steps, **sizes)
            network = config.train(rng=rng)
            tokens = config.tokens(self.n_stimuli, rng=rng)
            x = network.responses(tokens)
            said = {"repeated": float((network.repeat(x) == tokens).mean())}
        return said | _flat(read(x, tokens, self.n_tokens))

    def _claims(self, found: Mapping[tuple[str, str], Across], systems: list[str]) -> list[Claim]:
        narrow, wide = f"{min(self.units)} units", f"{max(self.units)} units"

        def worst(system: str, reader: str) -> float:
            return min(found[system, _at(reader, j)].mean for j in range(self.length))

        def told(system: str) -> str:
            return ", ".join(f"{reader} {worst(system, reader):.2f}" for reader in _READERS)

        gaps = {s: worst(s, "peeling") - worst(s, "sparse codes") for s in systems}
        linear = found[_BUILT[1], "nearest"]
        claims = [
            Claim(
                text="a trained network stores all tokens, yet neither a linear readout nor sparse "
                "codes on their directions read them; peeling does",
                holds=found[narrow, "repeated"].mean > 0.97
                and worst(narrow, "peeling") > 0.95
                and max(worst(narrow, reader) for reader in _READERS[:2])
                < worst(narrow, "peeling") - _GAP,
                evidence=f"{narrow} repeat {found[narrow, 'repeated']} of tokens; at the worst "
                f"place {told(narrow)}",
            ),
            Claim(
                text="its features have no directions of their own",
                holds=found[narrow, "nearest"].mean > linear.mean + _GAP,
                evidence=f"cosine with the nearest other {found[narrow, 'nearest']}, {linear} for "
                f"as many random directions",
            ),
            Claim(
                text="the built onion is its limit: a linear readout is near chance",
                holds=worst(_BUILT[0], "linear readout") < 1.5 / self.n_tokens
                and worst(_BUILT[0], "peeling") > 0.95,
                evidence=f"chance {1 / self.n_tokens:.2f}; {told(_BUILT[0])}",
            ),
            Claim(
                text="it shows: sparse codes fall short of peeling in onions, and not where "
                "features have directions, though superposed",
                holds=min(gaps[narrow], gaps[_BUILT[0]]) > _GAP > gaps[_BUILT[1]],
                evidence=", ".join(f"{s} {gap:+.2f}" for s, gap in gaps.items()),
            ),
        ]
        if narrow != wide:
            claims.append(
                Claim(
                    text="in a wide network a linear readout finds every token",
                    holds=worst(wide, "linear readout") > 0.9,
                    evidence=f"{wide}: {told(wide)}",
                )
            )
        return claims

    def _figure(self, found: Mapping[tuple[str, str], Across], system: str) -> Figure:
        places = range(self.length)
        return Figure(
            kind="bar", title=f"Tokens read: {system}", x_label="place",
            y_label="share of tokens right",
            series=[
                series(
                    reader,
                    [f"place {j + 1}" for j in places],
                    [found[system, _at(reader, j)].row for j in places],
                )
                for reader in _READERS
            ],
            caption=f"Chance is {1 / self.n_tokens:.2f}; directions' cosine with the nearest other "
            f"{found[system, 'nearest'].mean:.2f}; {self.seeds} seed(s).",
        )  # fmt: skip


def _flat(found: Read) -> dict[str, float]:
    readers = zip(_READERS, (found.probe, found.codes, found.peeled), strict=True)
    flat = {_at(reader, j): float(v) for reader, each in readers for j, v in enumerate(each)}
    return flat | {"explained": found.explained, "nearest": found.nearest}


def _at(reader: str, place: int) -> str:
    return f"{reader}, place {place + 1}"
