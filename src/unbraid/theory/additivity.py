"""Cosines of an exactly additive code, and how much of them a common mean makes."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.theory._encodings import scalar


def additive_cosine(offset: Any) -> Any:
    r"""Cosine of ``f(a) + f(b)`` with ``f(a and b)`` in a code that adds.

    ``(2 r + 2) / sqrt((4 r + 2)(r + 2))`` where ``f(a) = m + u``, ``f(b) = m + v``, ``f(a and b) =
    m + u + v`` with orthogonal u and v of unit length, both orthogonal to m, and ``r = |m|^2``.

    Parameters
    ----------
    offset : float or array
        r: squared length of the common mean, in those of a part.

    Returns
    -------
    float or array
        1 without a common mean; .943 at r = 1, then rising towards 1 again.

    Raises
    ------
    InputError
        An offset that is negative or not finite.

    Examples
    --------
    >>> round(additive_cosine(1.0), 3)
    0.943
    >>> additive_cosine(0.0)  # exactly additive, and nothing in common
    1.0
    """
    r = _offset(offset)
    return scalar((2 * r + 2) / np.sqrt((4 * r + 2) * (r + 2)))


def parts_cosine(offset: Any) -> Any:
    """Cosine of ``f(a)`` with ``f(b)`` in a code that adds: the usual baseline.

    ``r / (1 + r)`` with r as in ``additive_cosine``.

    Parameters
    ----------
    offset : float or array
        r: squared length of the common mean, in those of a part.

    Returns
    -------
    float or array
        In [0, 1); 0 without a common mean, towards 1 where the mean dominates.

    Raises
    ------
    InputError
        An offset that is negative or not finite.

    Examples
    --------
    >>> parts_cosine(1.0)
    0.5
    >>> round(additive_from_parts(parts_cosine(1.0)) - additive_cosine(1.0), 9)
    0.0
    """
    r = _offset(offset)
    return scalar(r / (1 + r))


def additive_from_parts(cosine: Any) -> Any:
    """Return what an additive code's cosine must be where its parts' cosine is this.

    ``r = c / (1 - c)`` put into ``additive_cosine``. A large common mean makes both cosines
    large: little is left for additivity to explain.

    Parameters
    ----------
    cosine : float or array
        Of ``f(a)`` with ``f(b)``, in [-1, 1); below 0 counts as 0.

    Returns
    -------
    float or array
        In [.943, 1]; 1 for a cosine of 0, .943 for 1/2, then towards 1 again.

    Raises
    ------
    InputError
        A cosine outside [-1, 1).

    Examples
    --------
    >>> round(additive_from_parts(0.5), 3)
    0.943
    """
    c = np.asarray(cosine, dtype=float)
    if not ((c >= -1) & (c < 1)).all():
        raise InputError(f"cosine must lie in [-1, 1), got {cosine!r}.")
    c = np.maximum(c, 0)
    return additive_cosine(c / (1 - c))


def _offset(offset: Any) -> np.ndarray:
    r = np.asarray(offset, dtype=float)
    if not (np.isfinite(r) & (r >= 0)).all():
        raise InputError(f"offset must be a squared length of at least 0, got {offset!r}.")
    return r
