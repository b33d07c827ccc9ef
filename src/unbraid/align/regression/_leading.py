"""Ridge from the leading units of a source, how many chosen for each target on inner folds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from unbraid.align.regression._nested_ridge import Nested, Predictions
from unbraid.errors import InputError


class NestedLeading:
    """Nested ridge of several sources, of which one is chosen with the penalty.

    The scored fold takes no part in a choice: the squared errors compared are those of its inner
    folds.
    """

    def __init__(self, sources: Mapping[int, Nested]) -> None:
        self.counts, self.sources = np.array([*sources]), list(sources.values())

    @property
    def residual(self) -> float:
        """Largest relative residual of the fits that predict, where they are iterative."""
        return max(source.residual for source in self.sources)

    @property
    def unsure(self) -> float:
        """Share of targets and folds whose penalty was chosen from rough fits."""
        return max(source.unsure for source in self.sources)

    def predict(self, y: np.ndarray) -> Predictions:
        """Return held-out predictions of ``y`` (n, q)."""
        errors = np.array([source.inner_errors(y) for source in self.sources])
        chosen = errors.min(axis=2).argmin(axis=0)  # (n_folds, q)
        found: Any = None
        for number, source in enumerate(self.sources):
            here = chosen == number
            if not here.any():
                continue
            own = source.predict(y, errors[number].argmin(axis=1))
            found = own if found is None else found
            for fold, rows in enumerate(source.rows):
                at = np.ix_(rows, here[fold])
                found.held_out[at] = own.held_out[at]
                found.alphas[fold, here[fold]] = own.alphas[fold, here[fold]]
                found.scales[:, fold, here[fold]] = own.scales[:, fold, here[fold]]
            found.leading[here] = self.counts[number]
        return found

    def fit_all(self, y: np.ndarray) -> np.ndarray:
        """Return the predictions of the fit on all stimuli, minus the mean (n, q)."""
        errors = [source.outer_errors(y).min(axis=0) for source in self.sources]
        chosen, answer = np.argmin(errors, axis=0), np.empty_like(y)
        for number, source in enumerate(self.sources):
            here = chosen == number
            if here.any():
                answer[:, here] = source.fit_all(y[:, here])
        return answer


def check_leading(leading: Sequence[int], x: Any) -> list[int]:
    """Return the numbers of units that may stand for ``x``, in order."""
    p = x.shape[1]
    whole = all(isinstance(m, int | np.integer) and not isinstance(m, bool) for m in leading)
    if not whole or not len(leading) or not 1 <= min(leading) <= max(leading) <= p:
        raise InputError(f"leading must hold whole numbers in 1..{p}, got {leading!r}.")
    return sorted({int(m) for m in leading})
