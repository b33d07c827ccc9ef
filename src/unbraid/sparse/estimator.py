"""The scikit-learn face: a transformer around ``fit`` and ``encode``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from unbraid.sparse._fit import fit
from unbraid.sparse._method import Method
from unbraid.sparse.inference._asked import By
from unbraid.sparse.inference._codes_by import checked_by
from unbraid.sparse.learning.pursuit import Pursuit


class DictionaryTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Sparse codes of responses under a dictionary learned from them.

    Parameters
    ----------
    method : Method, optional
        How the dictionary is learned, for example ``TopK(k=32, expansion=4)``; ``Pursuit()`` if
        None. To search options, list whole methods: ``{"method": [TopK(k=2), TopK(k=4)]}``.
    by : {"encoder", "omp", "fista", "l0", "posterior"}, optional
        How codes are inferred; by default what the method prefers.
    random_state : int, RandomState or None
        All randomness. The same seed gives the same dictionary.

    Attributes
    ----------
    dictionary_ : Dictionary
        With its evidence; ``dictionary_.encode`` gives the codes as a sparse matrix.
    components_ : array of shape (m, p)
        The atoms.
    n_features_in_ : int
    feature_names_in_ : array, where the input names its columns

    Notes
    -----
    ``transform`` gives a dense array of the input's float type, a row never depending on the other
    rows: the penalty of ``by="fista"`` and the prior of ``by="posterior"`` are learned in ``fit``.
    The input is not scaled.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import DictionaryTransformer, Pursuit
    >>> rng = np.random.default_rng(0)
    >>> z = rng.uniform(1, 2, (500, 6)) * (rng.random((500, 6)) < 0.2)
    >>> x = z @ rng.normal(size=(6, 4))
    >>> DictionaryTransformer(Pursuit(n_latents=6, k=2), random_state=0).fit_transform(x).shape
    (500, 6)
    """

    def __init__(
        self,
        method: Method | None = None,
        *,
        by: By | None = None,
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.by = by
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:  # noqa: ARG002 - scikit-learn passes y
        """Learn the dictionary from ``X (n, p)``."""
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        method = Pursuit() if self.method is None else self.method
        # a RandomState moves on with each fit, as it does in every scikit-learn estimator
        seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        learned = fit(X, method, rng=seed, progress=False)
        by = checked_by(self.by, learned)
        self.dictionary_ = replace(learned.prepared(X, by), by=by)
        self.components_ = learned.atoms
        self._n_features_out = learned.n_latents
        return self

    def transform(self, X: Any) -> np.ndarray:
        """Return codes (n, m) of ``X (n, p)``."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        return self.dictionary_.encode(X).toarray().astype(X.dtype, copy=False)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the responses (n, p) that codes ``X (n, m)`` describe."""
        check_is_fitted(self)
        return self.dictionary_.decode(X)

    def __sklearn_tags__(self) -> Any:
        """Say that float32 stays float32."""
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
