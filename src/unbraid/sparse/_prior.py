"""How often each latent is on, what its code then is, and how much noise there is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unbraid.errors import InputError

_COLUMNS = ("rate", "mean", "variance")


@dataclass(frozen=True, kw_only=True, eq=False)
class Prior:
    """``x = offset + (s * z) A + noise``: spike-and-slab codes, independent of each other.

    Latent j is on with probability ``rate[j]``; then its code is normal with ``mean[j]`` and
    ``variance[j]``, above zero unless ``signed``. The noise is the same for all units.
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
        return Prior(rate=self.rate, mean=self.mean * scale, variance=self.variance * scale**2,
                     noise=self.noise, signed=self.signed)  # fmt: skip

    def in_units(self, scale: float) -> Prior:
        """Return the prior where responses, codes and noise are ``scale`` times as large."""
        return Prior(rate=self.rate, mean=self.mean * scale, variance=self.variance * scale**2,
                     noise=self.noise * scale**2, signed=self.signed)  # fmt: skip

    def of(self, latents: np.ndarray) -> Prior:
        """Return the prior of some latents."""
        return Prior(rate=self.rate[latents], mean=self.mean[latents],
                     variance=self.variance[latents], noise=self.noise,
                     signed=self.signed)  # fmt: skip

    def numbers(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return rate, mean, variance and noise."""
        return self.rate, self.mean, self.variance, self.noise

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON data."""
        columns = {name: getattr(self, name).tolist() for name in _COLUMNS}
        return {**columns, "noise": float(self.noise), "signed": self.signed}


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
