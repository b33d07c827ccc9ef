"""The smallest part of a stimulus that keeps a unit active."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError

Respond = Callable[[np.ndarray], Any]


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class MinimalPart:
    """Parts of a stimulus that are sufficient for a unit, and each of which is necessary."""

    parts: np.ndarray
    """Numbers of the parts kept, in order."""
    importance: np.ndarray
    """(n_parts,) share of the activation that is lost when this part alone is masked."""
    whole: float
    """Activation of the whole stimulus."""
    alone: float
    """Activation of the kept parts, all others masked."""

    @property
    def share(self) -> float:
        """Share of the parts that is kept."""
        return len(self.parts) / len(self.importance)

    def __repr__(self) -> str:
        return (
            f"MinimalPart({len(self.parts)} of {len(self.importance)} parts keep "
            f"{self.alone:.3g} of {self.whole:.3g})"
        )


def minimal_part(respond: Respond, n_parts: int, *, keep: float = 0.5) -> MinimalPart:
    """Find a smallest part of a stimulus that keeps a unit at ``keep`` of its activation.

    Parts are masked one after the other, the least important first, wherever the activation stays
    at ``keep`` of that of the whole stimulus; again from the start until each part is necessary.

    Parameters
    ----------
    respond : callable
        Takes masks (k, n_parts), True where a part is shown, and returns the unit's activations
        (k,). How a part is masked is the caller's choice: patches of a picture by its mean
        (``interpret.patches``), time bins, tokens, or features of a world set to 0.
    n_parts : int
        Parts of the stimulus.
    keep : float
        Share of the whole stimulus' activation that is kept, in (0, 1].

    Returns
    -------
    MinimalPart
        Each part of it is necessary, but it need not be the smallest of all: where one part can
        replace another (OR), one of them is found.

    Raises
    ------
    InputError
        The whole stimulus does not excite the unit; answers of another shape.

    Notes
    -----
    At most ``n_parts + n_parts^2`` stimuli are shown, usually about ``2 n_parts``.

    Examples
    --------
    >>> import numpy as np
    >>> both = lambda masks: masks[:, 1] & masks[:, 3]
    >>> minimal_part(both, 5).parts
    array([1, 3])
    """
    _validate.check_count(n_parts, "n_parts", 1)
    _validate.check_number(keep, "keep")
    if not 0 < keep <= 1:
        raise InputError(f"keep must lie in (0, 1], got {keep!r}.")
    whole = float(_asked(respond, np.ones((1, n_parts), dtype=bool))[0])
    if not whole > 0:
        raise InputError(f"The whole stimulus must excite the unit, got an activation of {whole}.")
    importance = 1 - _asked(respond, ~np.eye(n_parts, dtype=bool)) / whole
    shown, alone, spared = np.ones(n_parts, dtype=bool), whole, True
    while spared:
        spared = False
        for part in np.argsort(importance, kind="stable"):
            if not shown[part]:
                continue
            shown[part] = False
            now = float(_asked(respond, shown[None])[0])
            if now >= keep * whole:
                alone, spared = now, True
            else:
                shown[part] = True
    return MinimalPart(parts=np.flatnonzero(shown), importance=importance, whole=whole, alone=alone)


def patches(picture: Any, grid: int = 7) -> tuple[int, Callable[[np.ndarray], np.ndarray]]:
    """Cut a picture into patches, to be masked by its mean colour.

    Parameters
    ----------
    picture : array of shape (height, width[, channels])
        One picture.
    grid : int
        Patches along each side.

    Returns
    -------
    n_parts : int
        ``grid^2``.
    show : callable
        ``show(masks)`` returns pictures (k, height, width[, channels]) for masks (k, grid^2).

    Raises
    ------
    InputError
        A picture of fewer pixels than patches per side, or of another number of dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> picture = np.arange(16.0).reshape(4, 4)
    >>> n_parts, show = patches(picture, grid=2)
    >>> n_parts, bool((show(np.ones((1, 4), bool))[0] == picture).all())
    (4, True)
    >>> show(np.array([[True, False, False, False]]))[0][0].tolist()  # the mean elsewhere
    [0.0, 1.0, 7.5, 7.5]
    """
    _validate.check_count(grid, "grid", 1)
    array = _validate.as_floats(picture, "picture")
    if array.ndim not in (2, 3) or min(array.shape[:2]) < grid:
        raise InputError(
            f"picture must have shape (height, width[, channels]), {grid} or more pixels per side, "
            f"got {array.shape}."
        )
    rows, columns = (np.arange(size) * grid // size for size in array.shape[:2])
    which = rows[:, None] * grid + columns  # (height, width)
    mean = array.mean(axis=(0, 1))

    def show(masks: np.ndarray) -> np.ndarray:
        seen = np.asarray(masks, dtype=bool)[:, which]
        return np.where(seen if array.ndim == 2 else seen[..., None], array, mean)

    return grid * grid, show


def _asked(respond: Respond, masks: np.ndarray) -> np.ndarray:
    answers = _validate.as_floats(respond(masks), "activations").astype(np.float64)
    if answers.shape != (len(masks),):
        raise InputError(
            f"respond must return one activation for each of {len(masks)} masks, got shape "
            f"{answers.shape}."
        )
    return answers
