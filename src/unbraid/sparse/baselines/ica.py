"""Independent components: a square dictionary whose codes are as far from normal as can be."""

from __future__ import annotations

import warnings
from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method
from unbraid.sparse.baselines import _components


class ICA(Method):
    r"""Independent component analysis (FastICA, log cosh): ``codes = (x - mean) U``.

    Responses are whitened in their first m principal components; U then rotates them to codes that
    are independent. ``x ~ mean + codes A`` with atoms (rows of A) of unit length.

    Notes
    -----
    At most as many latents as units: sources in superposition cannot be found. The order of
    components means nothing; each points to where its codes are skewed. Codes are dense and signed
    unless ``k`` or ``one_sided`` ask otherwise. By scikit-learn; warns where it has not converged.

    References
    ----------
    Hyvarinen and Oja (2000), Independent component analysis: algorithms and applications.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of components; none: as many as the responses have dimensions."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Codes kept a stimulus, the largest by size; none: all."""
    one_sided: bool = False
    """Give each component two latents, one per sign, so that codes are non-negative."""
    max_steps: Annotated[int, Field(ge=1)] = 500
    """Fixed-point steps at most."""

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Whiten ``x`` and rotate it."""
        from sklearn.decomposition import FastICA

        center = x.mean(0, dtype=np.float64)
        directions, spread = _components.principal(x - center)
        directions = _components.first(directions, self.n_latents, log)
        white = (x - center) @ (directions.T / spread[: len(directions)])
        seed = int(rng.integers(2**31))
        model = FastICA(whiten=False, max_iter=self.max_steps, random_state=seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            rotation = model.fit(white).components_
        rotation = rotation * _signs(white @ rotation.T)[:, None]
        if caught:
            log.warnings.append(
                f"ICA has not converged in {self.max_steps} steps; raise max_steps."
            )
        unmixing = (rotation / spread[: len(directions)]) @ directions
        return _components.dictionary(self, np.linalg.pinv(unmixing).T, unmixing, center, x.dtype)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return as many random orthonormal directions."""
        return _components.rotated(self, x, rng)


def _signs(codes: np.ndarray) -> np.ndarray:
    """Return the sign of each code's skewness, 1 where it has none."""
    return np.where((codes**3).mean(axis=0) < 0, -1.0, 1.0)
