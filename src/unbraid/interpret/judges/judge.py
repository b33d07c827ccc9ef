"""What says which stimuli are alike: never the system whose units are judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np

from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses

HELD = 6000  # stimuli up to which all pairs are kept at once, 288 MB at most
_SAME = 1e-12  # difference of unit-length embeddings that rounding makes


@documented_choice
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Judge:
    """Similarity of stimuli, by embeddings of unit length or by a matrix of all pairs."""

    name: str
    """Its name on pages."""
    embeddings: np.ndarray | None = None
    """(n, d), rows of unit length (zero where a stimulus had none): similarity is the cosine."""
    matrix: np.ndarray | None = None
    """(n, n) similarities, symmetric."""
    classes: np.ndarray | None = None
    """(n,) label of each stimulus, where labels were given."""
    stimuli: np.ndarray | None = None
    """(n,) ids, where there are any."""

    def __repr__(self) -> str:
        return f"Judge({self.name}, {len(self)} stimuli)"

    def __len__(self) -> int:
        held = self.matrix if self.embeddings is None else self.embeddings
        return 0 if held is None else len(held)

    def take(self, rows: np.ndarray) -> Self:
        """Return the judge of these stimuli."""
        return replace(
            self,
            embeddings=None if self.embeddings is None else self.embeddings[rows],
            matrix=None if self.matrix is None else self.matrix[np.ix_(rows, rows)],
            classes=None if self.classes is None else self.classes[rows],
            stimuli=None if self.stimuli is None else self.stimuli[rows],
        )

    def centred(self) -> Judge:
        """Return the judge about the mean of all stimuli: what all share does not count."""
        if self.embeddings is not None:
            return replace(self, embeddings=_unit(self.embeddings - self.embeddings.mean(axis=0)))
        s = np.asarray(self.matrix, dtype=np.float64)
        mean = s.mean(axis=0)
        s = s - mean - mean[:, None] + mean.mean()
        size = np.sqrt(np.maximum(np.diag(s), 0))
        return replace(self, matrix=s / np.where(size > 0, np.outer(size, size), np.inf))

    def toward(self, rows: np.ndarray, references: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """Return weighted sums of similarities (rows, m) to references, weights (references, m)."""
        if self.embeddings is not None:
            return np.asarray(self.embeddings[rows] @ (self.embeddings[references].T @ weights))
        return np.asarray(self._all[np.ix_(rows, references)] @ weights)

    def pairs(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        """Return the similarities of stimuli i and j, arrays that broadcast."""
        if self.embeddings is None or len(self) <= HELD:
            return np.asarray(self._all[i, j])
        i, j = np.broadcast_arrays(i, j)
        return np.einsum("...d,...d->...", self.embeddings[i], self.embeddings[j])

    def least_alike(self, items: np.ndarray) -> np.ndarray:
        """Return weights (t, k): 1 at each row's item least like the others, shared if tied."""
        alike = self.pairs(items[:, :, None], items[:, None, :])
        k = items.shape[1]
        mean = (alike * (1 - np.eye(k))).sum(axis=2) / (k - 1)
        lowest = mean <= mean.min(axis=1, keepdims=True) + 1e-12
        return np.asarray(lowest / lowest.sum(axis=1, keepdims=True))

    @cached_property
    def own(self) -> np.ndarray:
        """Similarity of each stimulus with itself (n,)."""
        if self.embeddings is not None:
            return np.asarray(np.square(self.embeddings).sum(axis=1))
        return np.diag(self._all).copy()

    @cached_property
    def mean_pair(self) -> float:
        """Mean similarity of two different stimuli."""
        n = len(self)
        if self.embeddings is not None:
            total = float(np.square(self.embeddings.sum(axis=0)).sum())
        else:
            total = float(self._all.sum())
        return (total - float(self.own.sum())) / (n * (n - 1))

    @cached_property
    def _all(self) -> np.ndarray:
        if self.embeddings is not None:
            return np.asarray(self.embeddings @ self.embeddings.T)
        return np.asarray(self.matrix, dtype=np.float64)


def embeddings(values: Any, *, name: str = "embeddings", centre: bool = False) -> Judge:
    """Judge stimuli by the cosine of their embeddings in another system.

    Parameters
    ----------
    values : Responses or array of shape (n, d)
        Responses of **another** encoder than the one whose units are judged; or concept vectors.
        Rows are matched to activations by stimulus id where both have ids.
    name : str
        What pages call the judge.
    centre : bool
        Remove the mean embedding first: what all stimuli share then does not count.

    Returns
    -------
    Judge
        A stimulus whose embedding is zero has similarity 0 with all.

    Raises
    ------
    InputError
        All embeddings are alike, such as zeros, so that they tell no two stimuli apart.

    Examples
    --------
    >>> judge = embeddings([[1.0, 0.0], [2.0, 0.0], [0.0, 3.0]])
    >>> judge.embeddings.tolist()  # length says nothing
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    found = as_responses(values, name)
    rows = found.toarray().astype(np.float64)
    directions = _unit(rows - rows.mean(axis=0) if centre else rows)
    if not np.ptp(directions, axis=0).max() > _SAME:
        raise InputError(
            f"{name} must tell stimuli apart, got {len(rows)} of one direction (or all zero)."
        )
    return Judge(name=name, embeddings=directions, stimuli=found.stimuli)


def similarity(values: Any, *, stimuli: Any = None, name: str = "similarity") -> Judge:
    """Judge stimuli by a matrix of similarities, (n, n), symmetric; larger is more alike.

    Parameters
    ----------
    values : array of shape (n, n)
        Symmetric; larger is more alike.
    stimuli : sequence of length n, optional
        Ids of the stimuli.
    name : str
        What pages call the judge.

    Returns
    -------
    Judge
        Similarities as they are given.

    Raises
    ------
    InputError
        A matrix that is not square or not symmetric, or one of distances.

    Examples
    --------
    >>> similarity([[1.0, 0.2], [0.2, 1.0]]).matrix.tolist()
    [[1.0, 0.2], [0.2, 1.0]]
    """
    found = Responses(values, stimuli=stimuli)
    s = found.toarray().astype(np.float64)
    if s.shape[0] != s.shape[1]:
        raise InputError(
            f"similarity must be square, one row and column per stimulus, got {s.shape}."
        )
    if not np.allclose(s, s.T, rtol=1e-6, atol=1e-8 * float(np.abs(s).max())):
        raise InputError("similarity must be symmetric; give (s + s.T) / 2 if it is not by design.")
    if s.trace() / len(s) < s.mean():
        raise InputError(
            "similarity must be larger for stimuli that are more alike, but stimuli are less like "
            "themselves than like others: these are distances; give their negative."
        )
    return Judge(name=name, matrix=s, stimuli=found.stimuli)


def labels(values: Any, *, stimuli: Any = None, name: str = "labels") -> Judge:
    """Judge stimuli alike (1) where their labels are equal, and not (0) elsewhere.

    Parameters
    ----------
    values : sequence of length n
        Label of each stimulus: names or whole numbers.
    stimuli : sequence of length n, optional
        Ids of the stimuli.
    name : str
        What pages call the judge.

    Returns
    -------
    Judge
        Similarity 1 where labels are equal, else 0.

    Raises
    ------
    InputError
        One label alone, fractions, or another shape.

    Examples
    --------
    >>> judge = labels(["cat", "dog", "cat"])
    >>> judge.classes.tolist()
    ['cat', 'dog', 'cat']
    """
    array = np.asarray(values)
    if array.ndim != 1 or not len(array):
        raise InputError(f"labels must be one per stimulus, shape (n,), got {array.shape}.")
    if array.dtype.kind == "f" and not np.array_equal(array, np.round(array)):
        raise InputError("labels must be names or whole numbers, got fractions; are they features?")
    classes, which = np.unique(array.astype(str), return_inverse=True)
    if len(classes) < 2:
        raise InputError("labels must name at least two kinds of stimuli, got one.")
    ids = None if stimuli is None else Responses(which[:, None], stimuli=stimuli).stimuli
    one_hot = np.eye(len(classes))[which]
    return Judge(name=name, embeddings=one_hot, classes=classes[which], stimuli=ids)


def as_judge(judge: Any) -> Judge:
    """Return a judge: as given, of embeddings (a matrix) or of labels (a vector of names).

    Parameters
    ----------
    judge : Judge, Responses, array of shape (n, d) or sequence of length n
        What a measure was given.

    Returns
    -------
    Judge
        The judge itself; of ``embeddings`` for a matrix; of ``labels`` for a vector.

    Raises
    ------
    InputError
        A square matrix, which may be either embeddings or similarities; labels that are none.

    Examples
    --------
    >>> as_judge([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]]).name, as_judge(["a", "b"]).name
    ('embeddings', 'labels')
    """
    if isinstance(judge, Judge):
        return judge
    if isinstance(judge, Responses):
        return embeddings(judge)
    array = np.asarray(judge) if not hasattr(judge, "tocsr") else judge
    if array.ndim == 1:
        return labels(array)
    if array.ndim == 2 and array.shape[0] == array.shape[1] and array.shape[0] > 1:
        raise InputError(
            f"judge of shape {array.shape} may be embeddings or similarities; say which: "
            "interpret.embeddings(values) or interpret.similarity(values)."
        )
    return embeddings(judge)


def _unit(rows: np.ndarray) -> np.ndarray:
    size = np.linalg.norm(rows, axis=1, keepdims=True)
    real = size > 1e-12 * size.max(initial=0.0)
    return np.asarray(rows / np.where(real, size, np.inf))
