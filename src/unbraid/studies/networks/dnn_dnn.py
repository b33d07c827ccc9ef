"""The study `dnn-dnn`: whether unbraiding brings two networks' layers closer to each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import Field

from unbraid._progress import Progress, part
from unbraid.errors import InputError
from unbraid.responses import Images, network
from unbraid.studies._study import Study, StudyResult
from unbraid.studies.networks._dnn_page import (
    claims_of_pairs,
    claims_of_seeds,
    conclusion,
    figures_of_pairs,
    figures_of_seeds,
)
from unbraid.studies.networks._same_layers import SameLayers, same_layers
from unbraid.studies.systems import _small_pictures
from unbraid.studies.systems._two_networks import Aligned, aligned, vectors_of
from unbraid.studies.systems._v4 import data_folder, opened, other_pictures
from unbraid.studies.systems._v4 import session as v4_session

Part = Literal["digits", "fashion", "imagenet", "robust"]
_ROBUST = ("resnet20.pth", "resnet20_pgd.pth")


class DnnDnn(Study):
    """Layers of two networks, raw and unbraided, beside their controls."""

    name: ClassVar[str] = "dnn-dnn"
    question: ClassVar[str] = (
        "Does unbraiding bring layers of two networks closer together, beyond what untrained "
        "dictionaries and random expansions do, and is each layer still most like its counterpart?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "parts": ("digits",), "steps": 100, "regression": False,
        "n_vectors": 8_000, "n_dictionary_pictures": 300, "resamples": 100,
        "n_training_pictures": 60, "n_pictures": 150,
        "chains": (("squeezenet1_1:fire7", "efficientnet_lite0:_blocks.10"),),
    }  # fmt: skip

    fast: bool = False
    """A reduced version."""
    seed: int = Field(default=0, ge=0)
    """Seed of all randomness."""
    data: Path | None = Field(default=None, exclude=True)
    """Folder of real data (V4's pictures, ResNet-20s, Fashion-MNIST); none: UNBRAID_DATA."""
    networks: Path | None = Field(default=None, exclude=True)
    """Folder of networks' weights; none: UNBRAID_NETWORKS."""
    parts: tuple[Part, ...] = ("digits", "fashion", "imagenet", "robust")
    """``digits`` and ``fashion``: seeds of one network; ``imagenet``: two networks for ImageNet;
    ``robust``: a network trained as usual and one trained on adversarial pictures."""
    seeds: int = Field(default=2, ge=2)
    """Networks a set of small pictures."""
    depth: int = Field(default=4, ge=2)
    """Layers of each."""
    channels: int = Field(default=48, ge=4)
    """Channels of each layer."""
    epochs: int = Field(default=20, ge=1)
    """Passes over the digits."""
    fashion_epochs: int = Field(default=6, ge=1)
    """Passes over the pictures of Fashion-MNIST."""
    regression: bool = True
    """Whether layers of small networks are compared by ridge too."""
    n_small_pictures: int = Field(default=6000, ge=100)
    """Small pictures that train a network, at most."""
    n_small_tests: int = Field(default=600, ge=50)
    """Pictures of Fashion-MNIST that layers are compared on."""
    n_dictionary_pictures: int = Field(default=1000, ge=50)
    """Small training pictures whose positions train the dictionaries."""
    chains: tuple[tuple[str, str], ...] = (
        ("squeezenet1_1:fire3", "efficientnet_lite0:_blocks.2"),
        ("squeezenet1_1:fire5", "efficientnet_lite0:_blocks.4"),
        ("squeezenet1_1:fire7", "efficientnet_lite0:_blocks.10"),
        ("squeezenet1_1:fire9", "efficientnet_lite0:_blocks.14"),
        ("efficientnet_lite0:_blocks.2", "efficientnet_lite1:_blocks.3"),
        ("efficientnet_lite0:_blocks.4", "efficientnet_lite1:_blocks.6"),
        ("efficientnet_lite0:_blocks.10", "efficientnet_lite1:_blocks.14"),
        ("efficientnet_lite0:_blocks.14", "efficientnet_lite1:_blocks.19"),
        ("efficientnet_lite1:_blocks.3", "efficientnet_lite2:_blocks.3"),
        ("efficientnet_lite1:_blocks.6", "efficientnet_lite2:_blocks.6"),
        ("efficientnet_lite1:_blocks.14", "efficientnet_lite2:_blocks.14"),
        ("efficientnet_lite1:_blocks.19", "efficientnet_lite2:_blocks.19"),
    )
    """Pairs of ``network:layer`` for ImageNet, shallow to deep for each two networks."""
    training_session: str = "201025"
    """Session of V4 whose photographs train the dictionaries."""
    session: str = "210224"
    """Session whose other photographs the layers are compared on."""
    n_training_pictures: int = Field(default=1200, ge=10)
    """At most so many photographs train the dictionaries."""
    n_pictures: int = Field(default=600, ge=50)
    """At most so many photographs compare."""
    n_vectors: int = Field(default=1_000_000, ge=1000)
    """Positions that train each dictionary, at most."""
    expansion: float = Field(default=4.0, gt=0)
    """Latents a channel."""
    steps: int | None = Field(default=1000, ge=1)
    """Training steps of a dictionary; none: the method's own."""
    folds: int = Field(default=4, ge=3)
    """Folds over pictures."""
    resamples: int = Field(default=300, ge=0)
    """Draws of the intervals of differences over pictures."""

    def answer(self, progress: Progress) -> StudyResult:
        """Run the requested parts, and check the claims against them."""
        rng = np.random.default_rng(self.seed)
        self._check()
        same: list[SameLayers] = []
        pairs: list[Aligned] = []
        for i, name in enumerate(self.parts):
            tell = part(progress, i / len(self.parts), (i + 1) / len(self.parts), f"{name}: ")
            mine = rng.spawn(1)[0]
            if name == "digits":
                small = _small_pictures.digits(self.n_small_pictures, mine.spawn(1)[0])
                same.append(same_layers(small, self, self.epochs, mine, tell))
            elif name == "fashion":
                small = _small_pictures.fashion(
                    self.data, self.n_small_pictures, self.n_small_tests
                )
                same.append(same_layers(small, self, self.fashion_epochs, mine, tell))
            elif name == "imagenet":
                pairs += self._imagenet(mine, tell)
            else:
                pairs += self._robust(mine, tell)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=[
                *(claim for each in same for claim in claims_of_seeds(each)),
                *claims_of_pairs(pairs),
            ],
            table=[
                *(row for each in same for row in each.rows()),
                *(row for each in pairs for row in each.rows()),
            ],
            figures=[
                *(figure for each in same for figure in figures_of_seeds(each, self.seed)),
                *figures_of_pairs(pairs, self.seed),
            ],
            settings={},
            conclusion=conclusion(same, pairs),
            notes=self._notes(same, pairs),
        )

    def _check(self) -> None:
        """Request what is missing before anything is computed."""
        if "fashion" in self.parts and _small_pictures.fashion_folder(self.data) is None:
            raise InputError(
                f"{_small_pictures.HOW_TO_GET}; or leave the part out: parts=['digits', ...]."
            )
        if {"imagenet", "robust"} & set(self.parts):
            data_folder(self.data)

    def _pictures(self) -> tuple[Images, Images]:
        """Return photographs for the dictionaries, and others for the comparison."""
        data = data_folder(self.data)
        scored = v4_session(data, self.session).pictures
        scored = scored.take(np.arange(min(self.n_pictures, len(scored))))
        others = other_pictures(v4_session(data, self.training_session).pictures, scored)
        return others.take(np.arange(min(self.n_training_pictures, len(others)))), scored

    def _imagenet(self, rng: np.random.Generator, tell: Progress) -> list[Aligned]:
        wanted: dict[str, list[str]] = {}
        for each in self.chains:
            for side in each:
                name, _, layer = side.partition(":")
                if layer not in wanted.setdefault(name, []):
                    wanted[name].append(layer)
        pictures = self._pictures()
        found = {}
        for i, (name, layers) in enumerate(wanted.items()):
            mine = part(tell, 0.8 * i / len(wanted), 0.8 * (i + 1) / len(wanted), f"{name} ")
            net = opened(name, self.networks)
            found[name] = vectors_of(net, layers, pictures, self, rng.spawn(1)[0], mine)
        pairs: list[Aligned] = []
        for i, (first, second) in enumerate(self.chains):
            tell(f"{first} -> {second}", 0.8 + 0.2 * i / len(self.chains))
            (a, _, x), (b, _, y) = first.partition(":"), second.partition(":")
            depth = sum(_between(each) == (a, b) for each in self.chains[:i])
            pairs.append(
                aligned(("imagenet", first, second, depth), found[a][x], found[b][y], self)
            )
        return pairs

    def _robust(self, rng: np.random.Generator, tell: Progress) -> list[Aligned]:
        folder = data_folder(self.data) / "cifar10_resnet20_ehanw"
        pictures, layers = self._pictures(), ("stage_1.2", "stage_2.2", "stage_3.2")
        sides = []
        for i, file in enumerate(_ROBUST):
            net = network("resnet20_cifar10", folder / file)
            mine = part(tell, 0.45 * i, 0.45 * (i + 1))
            sides.append(vectors_of(net, layers, pictures, self, rng.spawn(1)[0], mine))
        return [
            aligned(("robust", f"standard:{layer}", f"adversarial:{layer}", depth),
                    sides[0][layer], sides[1][layer], self)
            for depth, layer in enumerate(layers)
        ]  # fmt: skip

    def _notes(self, same: Sequence[SameLayers], pairs: Sequence[Aligned]) -> list[str]:
        notes = [
            f"{each.name}: {self.seeds} networks of {self.depth} layers, test accuracy "
            + ", ".join(f"{a:.3f}" for a in each.accuracies)
            + f"; layers are compared on {each.n} test pictures, averaged in 4 x 4 cells."
            for each in same
        ]
        if pairs:
            notes.append(
                "Dictionaries learn from every position of photographs that are not compared "
                f"(at most {self.n_vectors} a layer, {self.n_training_pictures} photographs of "
                f"session {self.training_session}); layers are compared at the central position "
                f"of {next(iter(pairs[0].scores.values())).n} photographs of session "
                f"{self.session}, a picture per stimulus."
            )
        left = [name for name in get_args(Part) if name not in self.parts]
        if left:
            notes.append(f"Left out: {', '.join(left)} (option parts).")
        return [*notes, "Longer training of the dictionaries, other widths, or networks that "
                "differ in their training alone could change the answer."]  # fmt: skip


def _between(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[0].partition(":")[0], pair[1].partition(":")[0]
