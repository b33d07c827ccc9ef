"""The study `joint`: what several systems show together that none shows alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from unbraid._progress import Progress, part
from unbraid.errors import InputError
from unbraid.studies._study import Study, StudyResult
from unbraid.studies.several import _naming, _random, _real
from unbraid.studies.systems._v4 import data_folder, networks_folder


class JointStudy(Study):
    """Random encodings, trained networks, and two networks with V4: alone and together."""

    name: ClassVar[str] = "joint"
    question: ClassVar[str] = (
        "Do systems that are too small to be separated alone show their features together, and "
        "which features do two networks and the brain share?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "n_features": 24, "active": 2, "units": (3, 5, 8), "systems": (1, 2), "n_stimuli": 2000,
        "seeds": 1, "world": (10, 5, 14), "naming_units": (6,), "networks_together": (1, 2, 4),
        "epochs": 4, "n_canvases": 5000, "groups": 2, "n_pictures": 200, "real_seeds": 1,
        "refits": 0, "real_method": "SparseCoding(n_latents=48, cycles=0)",
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data; none: UNBRAID_DATA, and where that is not set no real systems."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    seeds: int = Field(default=3, ge=1)
    """Worlds of each kind."""
    n_features: int = Field(default=64, ge=4)
    """N of random encodings."""
    active: int = Field(default=3, ge=1)
    """K of random encodings."""
    units: tuple[int, ...] = Field(default=(3, 4, 5, 6, 8, 10, 12, 16), min_length=1)
    """Units of each random encoding."""
    systems: tuple[int, ...] = Field(default=(1, 2, 4), min_length=2)
    """How many random encodings are joined; one of them is 1."""
    n_stimuli: int = Field(default=8000, ge=100)
    """Training stimuli of random encodings and of networks."""
    world: tuple[int, int, int] = (32, 16, 24)
    """Shared features, features of each system alone, and units of each."""
    naming_units: tuple[int, ...] = Field(default=(4, 8, 12, 16, 24, 40), min_length=1)
    """Units of networks that name handwriting."""
    networks_together: tuple[int, ...] = Field(default=(1, 2, 4, 8), min_length=2)
    """How many of these networks are joined."""
    groups: int = Field(default=4, ge=1)
    """Disjoint groups of each size, at most: means over them, and agreement of the first two."""
    epochs: int = Field(default=8, ge=1)
    """Passes of the networks' training."""
    n_canvases: int = Field(default=20_000, ge=100)
    """Canvases that networks are trained on."""
    session: str = "201025"
    """Session of V4."""
    n_pictures: int = Field(default=1200, ge=60)
    """At most so many of its photographs, the first by name."""
    layers: tuple[str, ...] = ("squeezenet1_1:fire7", "efficientnet_lite0:_blocks.10")
    """Networks and their layers."""
    pool: int = Field(default=1, ge=1)
    """Cells along each side in which channels are averaged."""
    real_method: str = "SparseCoding(n_latents=128)"
    """How the dictionary of networks and brain is learned."""
    real_seeds: int = Field(default=3, ge=1)
    """Its seeds."""
    refits: int = Field(default=3, ge=0)
    """Dictionaries of wrongly paired photographs."""

    def answer(self, progress: Progress) -> StudyResult:
        """Join what is known, what is trained, and what is real."""
        self._check()
        random = _random.curves(self, part(progress, 0.0, 0.3))
        table, claims = _random.shared_and_private(self, part(progress, 0.3, 0.4))
        named = _naming.curves(self, part(progress, 0.4, 0.8))
        table = _random.rows(random) + table + _naming.rows(named)
        claims = _random.claims(random, self) + claims + _naming.claims(named, self)
        figures = [_random.figure(random, self), *_naming.figures(named, self)]
        notes = [
            "The bound holds for random encodings, no noise and known atoms; learned ones need "
            "more. Joining pays where each system has too few units, and nothing once each can be "
            "separated alone."
        ]
        missing = self._missing()
        if missing:
            notes.append(f"No real systems: {missing}")
        else:
            result, day, systems = _real.joined(self, part(progress, 0.8, 1.0))
            table += _real.rows(result, day, systems)
            claims += _real.claims(result)
            figures.append(_real.figure(result, self))
            notes += list(result.warnings)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=claims,
            table=table,
            figures=figures,
            settings={},
            notes=notes,
        )

    def _check(self) -> None:
        for name in ("systems", "networks_together"):
            if 1 not in getattr(self, name) or max(getattr(self, name)) < 2:
                raise InputError(
                    f"{name} must hold 1 and a larger number, got {getattr(self, name)}."
                )

    def _missing(self) -> str:
        """Return why real systems are left out; empty where all data are there."""
        try:
            data_folder(self.data)
            networks_folder(self.networks)
        except InputError as error:
            if self.data is not None or self.networks is not None:
                raise
            return str(error)
        return ""
