"""The true features of the stimuli, where they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.comparison._split import Split
from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses, follow


@dataclass(frozen=True, eq=False, kw_only=True)
class Truth:
    """True features of the alignment stimuli and of the training stimuli; None: not known."""

    scored: Responses | None = None
    train: Responses | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the features; empty where they are not known."""
        if self.scored is None:
            return ()
        if self.scored.units is None:
            return tuple(f"feature {i}" for i in range(self.scored.shape[1]))
        return tuple(str(name) for name in self.scored.units)

    @property
    def counts(self) -> tuple[int, float] | None:
        """Number of features, and the mean number active at a time."""
        if self.scored is None:
            return None
        dense = self.scored.toarray()
        return dense.shape[1], float((dense != 0).sum(axis=1).mean())


def truth_of(features: Any, features_train: Any, x: Any, parts: Split, own: bool) -> Truth:
    """Bring the features given into the order of the split's rows.

    Parameters
    ----------
    features, features_train : Responses, arrays or None
        As given to ``compare``.
    x : Responses or array
        The first system as given, whose rows ``features`` follows.
    own : bool
        Whether the training stimuli came with responses of their own.
    """
    scored = train = None
    if features is not None:
        given = as_responses(x, "x")
        features = follow(given, features, "features")
        scored = features.take(parts.rows)
        train = features.take(parts.learned) if parts.apart and not own else None
    if features_train is not None:
        train = _of_training(features_train, parts, own)
        if scored is not None and scored.shape[1] != train.shape[1]:
            raise InputError(
                f"features_train must hold the {scored.shape[1]} features of features, "
                f"got {train.shape[1]}."
            )
    return Truth(scored=scored, train=train)


def _of_training(features: Any, parts: Split, own: bool) -> Responses:
    """Return the features of training responses that both systems gave to the same stimuli."""
    if not own:
        raise InputError("features_train describes x_train and y_train: give all three.")
    x, y = parts.x_train, parts.y_train
    same = len(x) == len(y)
    if same and x.stimuli is not None and y.stimuli is not None:
        same = bool(np.array_equal(x.stimuli, y.stimuli))
    if not same:
        raise InputError(
            "features_train needs x_train and y_train to hold the same stimuli in the same order, "
            f"got {len(x)} and {len(y)}."
        )
    return follow(x, features, "features_train", of="x_train")
