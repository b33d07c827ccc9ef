"""Systems that share only some of their features, and the inversion this allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.theory._encodings import positive, scalar


def expected_overlap_cka(
    n_units_a: Any, n_units_b: Any, n_features_a: Any, n_features_b: Any, shared: Any
) -> Any:
    r"""Mean linear CKA of Gaussian encodings of partly shared features.

    ``s sqrt(m_a m_b / (n_a n_b (m_a + n_a + 1)(m_b + n_b + 1)))`` with s shared features.

    Parameters
    ----------
    n_units_a, n_units_b : float or array
        m_a and m_b: units of either system.
    n_features_a, n_features_b : float or array
        n_a and n_b: features that either system encodes.
    shared : float or array
        s: features that both encode, at most the smaller of the two numbers.

    Returns
    -------
    float or array
        In [0, 1); 0 where nothing is shared.

    Raises
    ------
    InputError
        Numbers that are not positive; more shared features than one system has.

    Notes
    -----
    The mean of a ratio is taken for the ratio of means: ``expected_cka`` is closer where all
    features are shared.

    Examples
    --------
    >>> round(expected_overlap_cka(20, 20, 20, 20, 10), 3)
    0.244
    >>> expected_overlap_cka(20, 20, 20, 20, 0)
    0.0
    """
    m_a, m_b, n_a, n_b, s = _checked(n_units_a, n_units_b, n_features_a, n_features_b, shared)
    return scalar(s * np.sqrt(m_a * m_b / (n_a * n_b * (m_a + n_a + 1) * (m_b + n_b + 1))))


def expected_overlap_r2(n_units: Any, n_features_a: Any, n_features_b: Any, shared: Any) -> Any:
    """Mean R2 from a Gaussian encoding of partly shared features: ``m s / (n_a n_b)``.

    For no more units in the source than features; with more, every feature is known and R2 is
    ``s / n_b``.

    Parameters
    ----------
    n_units : float or array
        m: units of the source.
    n_features_a, n_features_b : float or array
        n_a and n_b: features that source and target encode.
    shared : float or array
        s: features that both encode, at most the smaller of the two numbers.

    Returns
    -------
    float or array
        In [0, 1]; 1 where the source has as many units as features and the target no other
        features.

    Raises
    ------
    InputError
        Numbers that are not positive; more shared features than one system has.

    Examples
    --------
    >>> expected_overlap_r2(20, 100, 100, 100), expected_overlap_r2(20, 20, 20, 10)
    (0.2, 0.5)
    """
    m, _, n_a, n_b, s = _checked(n_units, n_units, n_features_a, n_features_b, shared)
    return scalar(np.minimum(m / n_a, 1.0) * s / n_b)


@documented_answer
@dataclass(frozen=True)
class Inversion:
    """Expected scores of systems with the same features, and of systems that share only some."""

    identical_cka: float
    """Mean linear CKA of two compressed systems with the same features."""
    partial_cka: float
    """Mean linear CKA of two systems that share some features."""
    identical_r2: float
    """Mean R2 of two compressed systems with the same features."""
    partial_r2: float
    """Mean R2 of two systems that share some features."""

    @property
    def inverted(self) -> bool:
        """Whether the systems that share less score higher by CKA."""
        return self.partial_cka > self.identical_cka


def inversion(
    *, n_units: int, n_features: int, partial_features: int, shared: int, partial_units: int
) -> Inversion:
    """Compare identical but compressed systems with uncompressed ones that share less.

    Parameters
    ----------
    n_units : int
        Units of each of two systems with identical features.
    n_features : int
        Features of each of them, all shared.
    partial_features : int
        Features of each of two other systems.
    shared : int
        How many of these the two others share.
    partial_units : int
        Units of each of the two others.

    Returns
    -------
    Inversion
        The four expected scores, and whether CKA puts the pairs in the wrong order.

    Raises
    ------
    InputError
        Numbers that are not positive; more shared features than ``partial_features``.

    Examples
    --------
    >>> case = inversion(
    ...     n_units=20, n_features=100, partial_features=20, shared=10, partial_units=20
    ... )
    >>> round(case.identical_cka, 3), round(case.partial_cka, 3), case.inverted
    (0.165, 0.244, True)
    """
    whole = (n_features, n_features, n_features)
    part = (partial_features, partial_features, shared)
    return Inversion(
        identical_cka=expected_overlap_cka(n_units, n_units, *whole),
        partial_cka=expected_overlap_cka(partial_units, partial_units, *part),
        identical_r2=expected_overlap_r2(n_units, *whole),
        partial_r2=expected_overlap_r2(partial_units, *part),
    )


def _checked(m_a: Any, m_b: Any, n_a: Any, n_b: Any, shared: Any) -> tuple[np.ndarray, ...]:
    m_a, m_b = positive(m_a, "n_units_a"), positive(m_b, "n_units_b")
    n_a, n_b = positive(n_a, "n_features_a"), positive(n_b, "n_features_b")
    s = np.asarray(shared, dtype=float)
    if not ((s >= 0) & (s <= np.minimum(n_a, n_b))).all():
        raise InputError(f"shared must lie between 0 and the features of either, got {shared}.")
    return m_a, m_b, n_a, n_b, s
