"""How often each latent is on, what its code then is, and how much noise there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError

_COLUMNS = ("rate", "mean", "variance")
_MOST_SAMPLED = 4096  # latents
_FURTHEST = -30.0  # sds below zero: less is an exponential all the more


@dataclass(frozen=True, kw_only=True, eq=False)
class Prior:
    """``x = offset + (s * z) A + noise``: spike-and-slab codes, independent of each other.

    Latent j is on with probability ``rate[j]``; then its code is normal with ``mean[j]`` and
    ``variance[j]``, cut at zero unless ``signed`` (both are those before the cut). The noise is the
    same for all units.
    """

    rate: np.ndarray
    """(m,), between 0 and 1."""
    mean: np.ndarray
    """(m,)"""
    variance: np.ndarray
    """(m,), positive."""
    noise: float
    """Variance of the noise of a unit."""
    signed: bool = False

    def times(self, scale: float | np.ndarray) -> Prior:
        """Return the prior of codes that are ``scale`` times as large, latent by latent."""
        return replace(self, mean=self.mean * scale, variance=self.variance * scale**2)

    def in_units(self, scale: float) -> Prior:
        """Return the prior where responses, codes and noise are ``scale`` times as large."""
        return replace(self.times(scale), noise=self.noise * scale**2)

    def of(self, latents: np.ndarray) -> Prior:
        """Return the prior of some latents."""
        columns = {name: getattr(self, name)[latents] for name in _COLUMNS}
        return replace(self, **columns)

    def made(self, signed: bool) -> Prior:
        """Return the prior with other signs: codes of both, on average 0, as large as these."""
        if signed == self.signed:
            return self
        mean, square = self.moments()
        zero = np.zeros_like(mean)
        return replace(self, mean=zero if signed else mean, variance=square, signed=signed)

    def moments(self) -> tuple[np.ndarray, np.ndarray]:
        """Return mean and mean square of each latent's code when it is on."""
        if self.signed:
            return self.mean, self.mean**2 + self.variance
        spread = np.sqrt(self.variance)
        first, second = cut_moments(self.mean / spread)
        return spread * first, self.variance * second

    def numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return rate, mean, variance and noise."""
        return self.rate, self.mean, self.variance, self.noise

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        columns = {name: getattr(self, name).tolist() for name in _COLUMNS}
        return {**columns, "noise": float(self.noise), "signed": self.signed}


def cut_moments(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and mean square of normal values of mean ``t``, sd 1, that are above zero."""
    from scipy.special import log_ndtr

    t = np.maximum(t, _FURTHEST)
    first = t + np.exp(-0.5 * t**2 - log_ndtr(t)) / np.sqrt(2 * np.pi)
    return first, 1 + t * first


def check_latents(m: int) -> None:
    """Refuse so many latents that the products of all pairs of them would not fit."""
    if m > _MOST_SAMPLED:
        raise InputError(
            f"Sampled codes hold the products of all pairs of latents: at most {_MOST_SAMPLED} "
            f"latents, got {m}. Use by='fista' or by='omp'."
        )


def read_prior(stored: Any, m: int, path: Path) -> Prior | None:
    """Read what ``to_dict`` wrote for ``m`` latents, found in a file that may be damaged."""
    if stored is None:
        return None
    try:
        columns = {name: np.array(stored[name], np.float64) for name in _COLUMNS}
        prior = Prior(**columns, noise=float(stored["noise"]), signed=stored["signed"])
    except (TypeError, ValueError, KeyError, IndexError):
        columns, prior = {}, None
    if (
        prior is None
        or any(column.shape != (m,) for column in columns.values())
        or not _holds(prior)
    ):
        raise InputError(
            f"{path}: prior must hold rates between 0 and 1, means and positive variances of {m} "
            "latents, a positive noise, and signed, true or false."
        )
    return prior


def _holds(prior: Prior) -> bool:
    good = np.isfinite(prior.mean) & (prior.rate > 0) & (prior.rate < 1)
    good &= (prior.variance > 0) & np.isfinite(prior.variance)
    return bool(good.all()) and 0 < prior.noise < np.inf and isinstance(prior.signed, bool)
