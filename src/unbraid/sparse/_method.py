"""What every way of learning a dictionary promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from unbraid._config import Config
from unbraid.errors import InputError

_FEW = 4  # stimuli a latent below which a warning is due

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary
    from unbraid.sparse._log import Watch


class Method(Config, ABC):
    """A choice of how to learn a dictionary: frozen, validated, stored with what it makes."""

    in_batches: ClassVar[bool] = False
    """Whether it learns batch by batch: from what is larger than memory, and with checkpoints."""

    @property
    def has_no_origin(self) -> bool:
        """Whether responses moved by a constant give the same dictionary, its offset moved too."""
        return True

    @abstractmethod
    def learn(self, x: np.ndarray, rng: np.random.Generator, watch: Watch) -> Dictionary:
        """Return the dictionary learned from ``x (n, p)``; called by ``fit``."""

    @abstractmethod
    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return the dictionary that ``learn`` would start from."""


def width(n_latents: int | None, expansion: float, n_units: int) -> int:
    """Return the number of latents asked for: given, or ``expansion`` times the units."""
    return n_latents if n_latents is not None else max(1, round(expansion * n_units))


def active(k: int | None, n_latents: int, n_units: int, least: int = 1) -> int:
    """Return the latents a stimulus may use: given, or what ``n_units`` can tell apart.

    The default is the largest k up to 32 with ``n_units >= 2 k ln(n_latents / k)``, about where
    learned dictionaries begin to recover features.
    """
    if k is not None:
        return checked_k(k, n_latents)
    most = min(32, n_latents, max(1, n_units // 2))
    best = least
    for count in range(1, most + 1):
        if 2 * count * np.log(n_latents / count) > n_units:
            break
        best = max(best, count)
    return min(best, n_latents)


def checked_k(k: int, n_latents: int) -> int:
    """Return ``k`` where there are as many latents."""
    if k > n_latents:
        raise InputError(
            f"k must be at most the number of latents, {n_latents}, got {k}. Lower k, or ask for "
            "more latents."
        )
    return k


def say_if_few(watch: Watch, n_stimuli: int, n_latents: int) -> None:
    """Leave a warning where there are too few stimuli for so many latents."""
    if n_stimuli < _FEW * n_latents:
        watch.warnings.append(
            f"{n_stimuli} stimuli are few for {n_latents} latents: the dictionary may describe "
            "these stimuli only. Give more stimuli, ask for fewer latents, or use Auto()."
        )
