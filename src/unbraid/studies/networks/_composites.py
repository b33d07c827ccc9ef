"""Canvases that show one thing or two, and the responses of networks and of pixels to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.responses import ChannelMean, Network, network, record
from unbraid.studies.systems._objects92 import objects92
from unbraid.studies.systems._v4 import session

SIDE = 112
"""Pixels of one thing; a canvas is twice as wide and high."""
EMPTY = np.full((1, 2 * SIDE, 2 * SIDE, 3), 128, np.uint8)
"""A canvas that shows nothing: grey, as behind the objects."""
_SESSION = "201025"
_PLACES = {"left": (56, 0), "right": (56, 112), "centre": (56, 56), "back": (28, 28),
           "front": (84, 84)}  # fmt: skip


@dataclass(frozen=True)
class Placement:
    """Where two things stand when alone, and when together; the second stands in front."""

    alone: tuple[str, str]
    together: tuple[str, str]


ARRANGEMENTS: Mapping[str, Placement] = {
    "in place": Placement(("left", "right"), ("left", "right")),
    "moved": Placement(("centre", "centre"), ("left", "right")),
    "overlapping": Placement(("centre", "centre"), ("back", "front")),
}
"""In place even pixels add up; moved, an average over positions does; overlapping, none must."""


@dataclass(frozen=True, eq=False)
class Things:
    """Pictures (n, SIDE, SIDE, 3) of bytes, and which pixels (n, SIDE, SIDE) are the thing."""

    pictures: np.ndarray
    masks: np.ndarray

    def __len__(self) -> int:
        return len(self.pictures)


def things(kind: str, data: Path) -> Things:
    """Return ``objects`` cut out of their grey background, or whole square ``photographs``."""
    if kind == "objects":
        whole = objects92(data).images
        cut = np.any(whole != whole[:, :1, :1], axis=3)
        return Things(_resized(whole), _resized(np.uint8(255) * cut.astype(np.uint8)) > 127)
    found = session(data, _SESSION).pictures
    pictures = _resized(np.stack([found[i] for i in range(len(found))]))
    return Things(pictures, np.ones(pictures.shape[:3], bool))


def canvases(shown: Things, rows: Sequence[np.ndarray], places: Sequence[str]) -> np.ndarray:
    """Return (n, 2 SIDE, 2 SIDE, 3): thing ``rows[j][i]`` at ``places[j]``, later ones in front."""
    out = np.repeat(EMPTY, len(rows[0]), axis=0)
    for numbers, place in zip(rows, places, strict=True):
        top, left = _PLACES[place]
        window = out[:, top : top + SIDE, left : left + SIDE]
        window[:] = np.where(shown.masks[numbers, ..., None], shown.pictures[numbers], window)
    return out


@dataclass(frozen=True, eq=False)
class CanvasSystem:
    """What answers to canvases: a network, trained or not, or the pixels themselves."""

    name: str
    net: Network | None = None
    layers: tuple[str, ...] = ()

    def answers(self, pictures: Mapping[Any, np.ndarray]) -> dict[str, dict[Any, np.ndarray]]:
        """Return source and layer -> name of the canvases -> (n, units).

        A network's layer is averaged over positions; pixels are averaged in squares of 2 x 2.
        """
        if self.net is None:
            return {self.name: {key: _pixels(shown) for key, shown in pictures.items()}}
        stops = np.cumsum([len(shown) for shown in pictures.values()])[:-1]
        found = record(
            self.net.model,
            np.concatenate(list(pictures.values())),
            list(self.layers),
            units=ChannelMean(),
            preprocess=self.net.preprocess,
            batch=16,
        )
        return {
            f"{self.name} {layer}": dict(
                zip(pictures, np.split(found[layer].values, stops), strict=True)
            )
            for layer in self.layers
        }


def sources(networks: Sequence[str], folder: Path, rng: np.random.Generator) -> list[CanvasSystem]:
    """Return pixels, and each network's first, middle and last layer, trained and untrained."""
    found = [CanvasSystem("pixels")]
    for name in networks:
        trained = network(name, folder)
        layers = tuple(trained.layers[i] for i in (0, len(trained.layers) // 2, -1))
        found.append(CanvasSystem(name, trained, layers))
        found.append(
            CanvasSystem(f"untrained {name}", network(name, untrained=True, rng=rng), layers[-1:])
        )
    return found


def _pixels(shown: np.ndarray) -> np.ndarray:
    n, side = shown.shape[:2]
    return shown.reshape(n, side // 2, 2, side // 2, 2, 3).mean((2, 4)).reshape(n, -1)


def _resized(pictures: np.ndarray) -> np.ndarray:
    from PIL import Image

    return np.stack([np.asarray(Image.fromarray(each).resize((SIDE, SIDE))) for each in pictures])
