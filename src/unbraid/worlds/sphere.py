"""The sphere world of identifiability: clusters on a sphere, seen through a nonlinear map."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import Field

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SphereSample:
    """Latents, what is observed of them, and their classes."""

    latents: np.ndarray
    """(n, d) on the unit sphere: the truth."""
    observations: np.ndarray
    """(n, d) an invertible nonlinear function of the latents."""
    classes: np.ndarray
    """(n,) cluster of each."""


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Sphere:
    """Cluster vectors and the map from latents to observations, drawn once."""

    cluster_vectors: np.ndarray
    """(n_classes, d) on the unit sphere."""
    layers: tuple[np.ndarray, ...]
    """(d, d) orthogonal each."""
    config: SphereWorld
    """The options that made it."""

    def __repr__(self) -> str:
        classes, d = self.cluster_vectors.shape
        return f"Sphere({classes} classes in {d} dimensions, {self.config.law} latents)"

    def observe(self, latents: np.ndarray) -> np.ndarray:
        """Apply the generator: orthogonal layers with leaky rectifiers between them; invertible."""
        x = latents
        for i, layer in enumerate(self.layers):
            x = x @ layer
            if i < len(self.layers) - 1:
                x = np.where(x > 0, x, self.config.slope * x)
        return x

    def sample(self, n: int, *, rng: int | np.random.Generator | None = None) -> SphereSample:
        """Draw n latents around the cluster vectors, all clusters being equally frequent."""
        rng = _validate.as_rng(rng)
        classes = rng.integers(len(self.cluster_vectors), size=n)
        centres = self.cluster_vectors[classes]
        kappa = self.config.concentration
        if self.config.law == "vmf":
            latents = _around(centres, kappa, rng)
        else:
            spread = _unit_variance(self.config.law, centres.shape, rng) / np.sqrt(kappa)
            latents = centres + spread
            latents /= np.linalg.norm(latents, axis=1, keepdims=True)
        return SphereSample(latents=latents, observations=self.observe(latents), classes=classes)


class SphereWorld(Config):
    """Von Mises-Fisher clusters on a sphere, observed through an invertible leaky-ReLU network.

    References
    ----------
    Reizinger et al. (2025), Cross-entropy is all you need to invert the data generating process,
    arXiv 2410.21869.
    """

    dimension: int = Field(default=5, ge=2)
    """d."""
    n_classes: int = Field(default=100, ge=2)
    """Clusters."""
    concentration: float = Field(default=10.0, gt=0)
    """kappa of the clusters; for the other laws, 1 / variance a coordinate."""
    law: Literal["vmf", "normal", "laplace", "uniform"] = "vmf"
    """Of the latents in a cluster; all but ``vmf`` are pushed back onto the sphere."""
    cluster_law: Literal["normal", "laplace", "uniform"] = "normal"
    """Of the cluster vectors before they are brought to length 1; ``normal``: no direction is
    preferred."""
    n_layers: int = Field(default=3, ge=1)
    """Layers of the generator."""
    slope: float = Field(default=0.2, gt=0, le=1)
    """Of its rectifiers for negative input."""

    def build(self, *, rng: int | np.random.Generator | None = None) -> Sphere:
        """Draw cluster vectors and generator."""
        rng = _validate.as_rng(rng)
        vectors = _unit_variance(self.cluster_law, (self.n_classes, self.dimension), rng)
        layers = tuple(
            np.linalg.qr(rng.normal(size=(self.dimension, self.dimension)))[0]
            for _ in range(self.n_layers)
        )
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return Sphere(cluster_vectors=vectors, layers=layers, config=self)


def _unit_variance(
    law: Literal["vmf", "normal", "laplace", "uniform"],
    shape: tuple[int, ...],
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw independent numbers of mean 0 and variance 1."""
    if law == "laplace":
        return rng.laplace(scale=np.sqrt(0.5), size=shape)
    if law == "uniform":
        return rng.uniform(-np.sqrt(3), np.sqrt(3), size=shape)
    return rng.normal(size=shape)


def _around(centres: np.ndarray, kappa: float, rng: np.random.Generator) -> np.ndarray:
    """Von Mises-Fisher draws around unit vectors (n, d), by Wood's rejection (1994)."""
    n, d = centres.shape
    b = (-2 * kappa + np.sqrt(4 * kappa**2 + (d - 1) ** 2)) / (d - 1)
    x0 = (1 - b) / (1 + b)
    c = kappa * x0 + (d - 1) * np.log(1 - x0**2)
    cosine = np.empty(n)
    open_ = np.arange(n)
    while len(open_):
        beta = rng.beta((d - 1) / 2, (d - 1) / 2, size=len(open_))
        w = (1 - (1 + b) * beta) / (1 - (1 - b) * beta)
        taken = kappa * w + (d - 1) * np.log(1 - x0 * w) - c >= np.log(rng.random(len(open_)))
        cosine[open_[taken]] = w[taken]
        open_ = open_[~taken]
    tangent = rng.normal(size=(n, d))
    tangent -= np.sum(tangent * centres, axis=1, keepdims=True) * centres
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    return cosine[:, None] * centres + np.sqrt(1 - cosine**2)[:, None] * tangent
