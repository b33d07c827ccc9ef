"""How far several dictionaries of one system hold the same atoms, matched one to one."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse._dictionary import Dictionary

_MOST_ATOMS = 2048  # matched one to one in under a second


def stability(dictionaries: Sequence[Dictionary]) -> tuple[np.ndarray, ...]:
    r"""Per-atom stability: how far the other dictionaries hold each atom too.

    ``s_i = 1 / (S - 1) sum_{t != s} c(a_i, a_{t, sigma_t(i)})`` over the other S - 1 dictionaries,
    c the cosine (its size where codes are signed, at least 0 where they are not) and sigma_t the
    one-to-one matching with the largest sum of c.

    Parameters
    ----------
    dictionaries : sequence of Dictionary
        Two or more, of the same units: most often one method from several seeds.

    Returns
    -------
    tuple of array (m_s,)
        One a dictionary; each in [0, 1], 1 where all others hold the atom. An atom that another
        dictionary has none left for counts 0 there.

    Raises
    ------
    InputError
        Fewer than two dictionaries, or dictionaries of different units or input transforms.

    Notes
    -----
    It needs no truth, and is high for atoms that are true: what noise makes differs from seed to
    seed. The reverse need not hold: a method can be wrong in the same way each time. By chance
    alone an atom has a cosine of about sqrt(2 ln m / p) with its like. Cost S^2 (m^2 p + m^3) / 2.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, Dictionary, stability
    >>> first, second = (Dictionary(atoms=a, offset=np.zeros(2), method=PCA())
    ...                  for a in (np.eye(2), np.array([[0.0, 1], [0.6, 0.8]])))
    >>> stability([first, second])[0]
    array([0.6, 1. ])
    """
    units, signed = directions(dictionaries)
    totals = [np.zeros(len(unit)) for unit in units]
    for s in range(len(units)):
        for t in range(s + 1, len(units)):
            i, j, cosine = match(units[s], units[t], signed)
            totals[s][i] += np.abs(cosine)
            totals[t][j] += np.abs(cosine)
    return tuple(np.minimum(total / (len(units) - 1), 1) for total in totals)


def with_stability(dictionaries: Sequence[Dictionary]) -> tuple[Dictionary, ...]:
    """Return the dictionaries with ``evidence.stability``, where it is soon known.

    As they are where there is one only, or more than 2048 atoms; see ``stability``.

    Parameters
    ----------
    dictionaries : sequence of Dictionary
        Of the same units, most often one method from several seeds.

    Returns
    -------
    tuple of Dictionary
        In the same order.

    Raises
    ------
    InputError
        Dictionaries of different units or input transforms.

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, Dictionary
    >>> made = [Dictionary(atoms=a, offset=np.zeros(2), method=PCA())
    ...         for a in (np.eye(2), np.array([[0.0, 1], [0.6, 0.8]]))]
    >>> with_stability(made)[0].evidence.stability
    (0.6, 1.0)
    """
    if len(dictionaries) < 2 or max(each.n_latents for each in dictionaries) > _MOST_ATOMS:
        return tuple(dictionaries)
    return tuple(
        each.with_evidence(stability=tuple(share.tolist()))
        for each, share in zip(dictionaries, stability(dictionaries), strict=True)
    )


def directions(dictionaries: Sequence[Dictionary]) -> tuple[list[np.ndarray], bool]:
    """Return each dictionary's atoms at unit length, float64, and whether a sign is no matter."""
    given = dictionaries if isinstance(dictionaries, Sequence) else [dictionaries]
    if len(given) < 2 or not all(isinstance(each, Dictionary) for each in given):
        raise InputError(f"dictionaries must be two or more to agree, got {reprlib.repr(given)}.")
    kinds = {(d.atoms.shape[1], d.transform) for d in dictionaries}
    if len(kinds) > 1:
        raise InputError(
            "dictionaries must be of the same units and input transform, got "
            f"{', '.join(f'{p} units ({transform})' for p, transform in sorted(kinds))}."
        )
    units = []
    for each in dictionaries:
        atoms = each.atoms.astype(np.float64)
        length = np.linalg.norm(atoms, axis=1, keepdims=True)
        units.append(atoms / np.where(length > 0, length, 1))
    return units, any(d.signed for d in dictionaries)


def match(
    first: np.ndarray, second: np.ndarray, signed: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return matched rows of both and their cosines; those unlike, of cosine 0, are not matched."""
    from scipy.optimize import linear_sum_assignment

    cosine = first @ second.T
    alike = np.abs(cosine) if signed else np.maximum(cosine, 0)
    i, j = linear_sum_assignment(-alike)
    found = alike[i, j] > 0
    return i[found], j[found], cosine[i, j][found]
