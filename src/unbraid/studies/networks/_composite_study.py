"""What studies of composed pictures share: what is shown, to which networks, and how often."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

from unbraid._progress import Progress
from unbraid.studies._study import Study
from unbraid.studies.networks._composites import CanvasSystem, Things, sources, things
from unbraid.studies.systems._v4 import data_folder, networks_folder


class CompositeStudy(Study, ABC):
    """Composites of real pictures, in image networks, untrained ones and pixels."""

    fast: bool = False
    """A reduced version in under half a minute."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data; none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    kinds: tuple[Literal["objects", "photographs"], ...] = Field(
        default=("objects", "photographs"), min_length=1
    )
    """What is shown."""
    networks_used: tuple[str, ...] = Field(
        default=("squeezenet1_1", "efficientnet_lite0"), min_length=1
    )
    """Which networks."""
    seeds: int = Field(default=3, ge=1)
    """Ways to choose what is composed, each with untrained networks of its own."""

    def choices(
        self, n_groups: int, size: int, progress: Progress
    ) -> Iterator[tuple[str, Things, np.ndarray, CanvasSystem, np.random.Generator]]:
        """Yield a kind, its pictures, ``n_groups`` rows (n_groups, size) of them, and a source."""
        data, weights = data_folder(self.data), networks_folder(self.networks)
        shown = {kind: things(kind, data) for kind in self.kinds}
        steps = [(kind, s) for kind in self.kinds for s in range(self.seeds)]
        for i, (kind, s) in enumerate(steps):
            rng = np.random.default_rng((self.seed, s))
            groups = rng.permutation(len(shown[kind]))[: n_groups * size].reshape(n_groups, -1)
            for source in sources(self.networks_used, weights, rng):
                progress(f"{kind}, choice {s + 1} of {self.seeds}: {source.name}", i / len(steps))
                yield kind, shown[kind], groups, source, rng


def last_layers(found: Iterable[tuple[str, ...]]) -> dict[str, str]:
    """Return network, trained or not -> name of its last layer; a key's third entry names it."""
    return {key[2].rsplit(" ", 1)[0]: key[2] for key in found if key[2] != "pixels"}
