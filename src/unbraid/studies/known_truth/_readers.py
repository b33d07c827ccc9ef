"""Ways to read tokens from responses: by directions, by sparse codes, and by peeling."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from unbraid.studies.known_truth._known import true_dictionary

_PENALTY = 0.05  # of the lasso; responses of a token have a size of about 1


@dataclass(frozen=True, eq=False)
class Read:
    """What can be read of tokens at places, and whether each has a direction of its own."""

    probe: np.ndarray
    """(length,) share of tokens right by a linear readout of each place."""
    codes: np.ndarray
    """(length,) by the lasso on the directions of all tokens at places: what sparse coding
    reaches that has nothing to learn."""
    peeled: np.ndarray
    """(length,) by a linear readout of what is left when the tokens read so far are subtracted."""
    explained: float
    """R2 of the responses from the tokens, new stimuli: 1 where what is said adds up."""
    nearest: float
    """Median over tokens at places of the largest cosine of its direction with another's."""


def read(x: np.ndarray, tokens: np.ndarray, n_tokens: int) -> Read:
    """Learn to read on the first half of some stimuli, and read the other half.

    Parameters
    ----------
    x : array of shape (n, p)
        Responses.
    tokens : array of whole numbers of shape (n, length)
    n_tokens : int

    Notes
    -----
    The three readers share the regression of responses on tokens. Where features have directions,
    superposed or not, sparse codes on those directions read what peeling reads. Where codes fall
    short of peeling, information is there but not as directions: the linear representation
    hypothesis fails, and with it what dictionaries are learned for.
    """
    half = len(x) // 2
    hot = np.eye(n_tokens)[tokens].reshape(len(x), -1)
    mean = x[:half].mean(axis=0)
    centred = hot - hot[:half].mean(axis=0)
    fitted = np.linalg.lstsq(centred[:half], x[:half] - mean, rcond=None)[0]
    directions = fitted.reshape(-1, n_tokens, x.shape[1])
    directions = directions - directions.mean(axis=1, keepdims=True)  # (length, n_tokens, p)
    y, new, truth = x[:half] - mean, x[half:] - mean, tokens[half:]
    left, new_left = y.copy(), new.copy()
    probe, peeled = [], []
    for place, added in enumerate(directions):
        at = tokens[:half, place]
        probe.append(_readout(y, at)(new))
        peeled.append(_readout(left, at)(new_left))
        left -= added[at]
        new_left -= added[peeled[-1]]
    error = np.square(new - centred[half:] @ fitted).sum()
    right = partial(_right, truth=truth)
    return Read(
        probe=right(np.column_stack(probe)),
        codes=right(_decoded(new, directions)),
        peeled=right(np.column_stack(peeled)),
        explained=float(1 - error / np.square(new - new.mean(axis=0)).sum()),
        nearest=_nearest(directions.reshape(-1, x.shape[1])),
    )


def _readout(x: np.ndarray, labels: np.ndarray):  # noqa: ANN202
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=100, max_iter=2_000).fit(x, labels).predict


def _decoded(x: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Return the token of each place whose direction has the largest code, in its own size."""
    length, n_tokens, p = directions.shape
    atoms = directions.reshape(-1, p)
    size = np.maximum(np.linalg.norm(atoms, axis=1), 1e-12)
    codes = true_dictionary(atoms / size[:, None], length, _PENALTY).encode(x)
    return (np.asarray(codes) / size).reshape(len(x), length, n_tokens).argmax(axis=2)


def _nearest(atoms: np.ndarray) -> float:
    unit = atoms / np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-12)
    cosines = unit @ unit.T
    np.fill_diagonal(cosines, -1)
    return float(np.median(cosines.max(axis=0)))


def _right(said: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return (said == truth).mean(axis=0)
