"""Non-negative matrix factorisation: parts that only add up."""

from __future__ import annotations

import warnings
from typing import Annotated

import numpy as np
from pydantic import Field

from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse._method import Method, checked_k


class NMF(Method):
    r"""Non-negative matrix factorisation ``x ~ codes A``, codes and atoms non-negative.

    Minimises the squared error over both; atoms have unit length. Codes of new responses are the
    non-negative least squares under the atoms, solved exactly, or with ``k`` by orthogonal
    matching pursuit of at most k atoms.

    Notes
    -----
    For rates and other responses that are never negative; nothing is centred. By scikit-learn
    (coordinate descent from NNDSVDa); warns where it has not converged. Cost n p m a step.

    References
    ----------
    Lee and Seung (1999), Learning the parts of objects by non-negative matrix factorization.
    """

    n_latents: Annotated[int, Field(ge=1)] | None = None
    """Number of atoms; none: as many as there are units, or stimuli if they are fewer."""
    k: Annotated[int, Field(ge=1)] | None = None
    """Atoms a stimulus at most; none: all."""
    max_steps: Annotated[int, Field(ge=1)] = 500
    """Steps of coordinate descent at most."""

    @property
    def has_no_origin(self) -> bool:
        """Zero is what responses and codes are counted from."""
        return False

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:
        """Factorise ``x``."""
        from sklearn.decomposition import NMF as Factors

        if x.min() < 0:
            raise InputError(
                f"NMF needs responses that are never negative, got {x.min():.4g}. Use PCA, ICA or "
                "Pursuit for signed responses."
            )
        seed = int(rng.integers(2**31))
        m = self._width(x)
        start = "nndsvda" if m <= min(x.shape) else "random"
        model = Factors(m, init=start, max_iter=self.max_steps, random_state=seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            atoms = model.fit(x).components_
        if caught:
            log.warnings.append(
                f"NMF has not converged in {self.max_steps} steps; raise max_steps."
            )
        return self._dictionary(atoms, x)

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:
        """Return random non-negative atoms of unit length."""
        return self._dictionary(np.abs(rng.normal(size=(self._width(x), x.shape[1]))), x)

    def _width(self, x: np.ndarray) -> int:
        m = self.n_latents or min(x.shape)
        if self.k is not None:
            checked_k(self.k, m)
        return m

    def _dictionary(self, atoms: np.ndarray, x: np.ndarray) -> Dictionary:
        length = np.linalg.norm(atoms, axis=1, keepdims=True)
        return Dictionary(
            atoms=(atoms / np.where(length > 0, length, 1)).astype(x.dtype),
            offset=np.zeros(x.shape[1], x.dtype),
            method=self,
            by="fista" if self.k is None else "omp",
            penalty=0.0,
            floor=0.0,
            k=self.k,
        )
