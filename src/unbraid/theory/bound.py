r"""When sparse codes can be recovered: ``M = C K ln(N / K)`` and its inverses."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.theory._encodings import positive, scalar


def units_needed(n_features: Any, active: Any, *, constant: float = 1.0) -> Any:
    r"""Units that random encodings need for exact sparse recovery.

    ``M = C K ln(N / K)`` with N features of which K are active at a time.

    Parameters
    ----------
    n_features : float or array
        N.
    active : float or array
        K, mean number of active features, at most N.
    constant : float
        C. 1 is the convention; measured with non-negative codes: 1.5 where the encoding is known,
        2 to 3 where it has to be learned, about 4 for the linear encoder of an autoencoder.

    Returns
    -------
    float or array
        0 where every feature is active (the bound says nothing there).

    Raises
    ------
    InputError
        Numbers that are not positive; more active features than there are.

    References
    ----------
    Candes, Romberg and Tao (2006), Robust uncertainty principles; Donoho (2006), Compressed
    sensing.

    Examples
    --------
    >>> round(units_needed(1000, 10), 2)
    46.05
    """
    n, k, c = _checked(n_features, active, constant)
    return scalar(c * k * np.log(n / k))


def features_possible(n_units: Any, active: Any, *, constant: float = 1.0) -> Any:
    """Most features N that ``n_units`` can hold recoverably: ``K exp(M / (C K))``.

    Parameters
    ----------
    n_units : float or array
        M.
    active : float or array
        K.
    constant : float
        C, see ``units_needed``.

    Returns
    -------
    float or array
        ``inf`` where the number is too large for a float; NaN where ``M < C K``: there more than
        1/e of the features would be active at a time, for which the bound falls with K and says
        nothing.

    Raises
    ------
    InputError
        Numbers that are not positive and finite.

    Examples
    --------
    >>> round(features_possible(units_needed(1000, 10), 10))
    1000
    """
    m, k, c = positive(n_units, "n_units"), positive(active, "active"), _constant(constant)
    with np.errstate(over="ignore"):
        return scalar(np.where(m < c * k, np.nan, k * np.exp(m / (c * k))))


def max_active(n_features: Any, n_units: Any, *, constant: float = 1.0) -> Any:
    """Most simultaneously active features K that ``n_units`` can recover.

    The smaller root of ``M = C K ln(N / K)``: ``K = N exp(W(-M / (C N)))`` with the branch -1 of
    Lambert's W.

    Parameters
    ----------
    n_features : float or array
        N.
    n_units : float or array
        M.
    constant : float
        C, see ``units_needed``.

    Returns
    -------
    float or array
        N itself where ``M >= C N / e``: there the bound holds for every K.

    Raises
    ------
    InputError
        Numbers that are not positive and finite.

    Examples
    --------
    >>> round(max_active(1e5, 512))
    71
    """
    from scipy.special import lambertw

    n, m, c = positive(n_features, "n_features"), positive(n_units, "n_units"), _constant(constant)
    ratio = m / (c * n)
    inside = np.minimum(ratio, 1 / math.e)
    root = n * np.exp(np.real(lambertw(-inside, -1)))
    return scalar(np.where(ratio >= 1 / math.e, n, root))


@documented_answer
@dataclass(frozen=True)
class KnownModel:
    """A model of known size."""

    name: str
    """As it is commonly called."""
    n_units: int
    """Width of its representation: units, M in the bound."""


KNOWN_MODELS = (
    KnownModel("word2vec", 300),
    KnownModel("CLIP (512)", 512),
    KnownModel("ViT-B/16", 768),
    KnownModel("LLaMA-7B", 4096),
)


def boundary_table(
    n_features: tuple[float, ...] = (1e4, 1e5, 1e6), *, constant: float = 1.0
) -> list[dict[str, Any]]:
    """Most active features for the sizes of known models, one row per model and N.

    Parameters
    ----------
    n_features : tuple of floats
        Numbers of features N to ask about.
    constant : float
        C, see ``units_needed``.

    Returns
    -------
    list of dict
        ``model, n_units, n_features, max_active, any`` (whether the bound holds for every K).

    Examples
    --------
    >>> row = boundary_table((1e5,))[1]
    >>> row["model"], row["n_units"], round(row["max_active"]), row["any"]
    ('CLIP (512)', 512, 71, False)
    """
    return [
        {
            "model": model.name,
            "n_units": model.n_units,
            "n_features": n,
            "max_active": max_active(n, model.n_units, constant=constant),
            "any": bool(model.n_units >= constant * n / math.e),
        }
        for model in KNOWN_MODELS
        for n in n_features
    ]


def _checked(n_features: Any, active: Any, constant: float) -> tuple[Any, Any, float]:
    n, k = positive(n_features, "n_features"), positive(active, "active")
    if (k > n).any():
        raise InputError(f"active must be at most n_features={n_features}, got {active}.")
    return n, k, _constant(constant)


def _constant(constant: float) -> float:
    return float(positive(constant, "constant"))
