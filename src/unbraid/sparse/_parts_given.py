"""Codes of the places or trials of stimuli, by the dictionary that the stimuli were encoded by."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses import Codes, Responses, parts_of
from unbraid.sparse._dictionary import By, Dictionary
from unbraid.sparse._latent_parts import (
    LatentParts,
    PartKind,
    columns_of_codes,
    parts_around,
    parts_within,
)

_EXAMPLES = 8  # strongest stimuli of each latent whose parts are encoded


def parts_given(
    dictionary: Dictionary,
    codes: Codes,
    stimuli: Any,
    given: Any,
    *,
    by: By | None = None,
    name: str = "parts",
) -> LatentParts:
    """Return codes of the parts of each latent's strongest stimuli, by the same dictionary.

    Parameters
    ----------
    dictionary : Dictionary
        The one that gave the codes.
    codes : Codes
        Of shape (n, m), of whole stimuli.
    stimuli : sequence of n ids
        Of its rows.
    given : Responses
        To the parts: of the same layer, recorded by ``Positions()``, in rows ``STIMULUS@NUMBER``;
        or with ``repeats`` of the same stimuli, whose trials are the parts.
    by : str, optional
        How codes are inferred; by default as the dictionary does.
    name : str
        What messages call ``given``.

    Returns
    -------
    LatentParts
        Places or trials.

    Raises
    ------
    InputError
        Responses of another number of units, of other stimuli, or without parts.

    Examples
    --------
    >>> import unbraid as ub
    >>> rng = np.random.default_rng(0)
    >>> maps = rng.normal(size=(20, 4, 3))  # of 20 pictures: 4 positions, 3 channels
    >>> pictures = [f"p{i}" for i in range(20)]
    >>> x = ub.Responses(maps.mean(axis=1), stimuli=pictures)
    >>> learned = ub.fit(x, ub.sparse.PCA(n_latents=2), rng=0)
    >>> ids = [f"{picture}@{place}" for picture in pictures for place in range(4)]
    >>> positions = ub.Responses(maps.reshape(80, 3), stimuli=ids)
    >>> found = parts_given(learned, learned.encode(x), pictures, positions)
    >>> found.kind, found.table.shape
    ('places', (20, 4))
    """
    units = dictionary.atoms.shape[1]
    if not isinstance(given, Responses) or given.shape[1] != units:
        came = f"{given.shape[1]} units" if isinstance(given, Responses) else type(given).__name__
        raise InputError(f"{name} must be Responses of the dictionary's {units} units, got {came}.")
    ids = np.asarray(stimuli).astype(str)
    wanted = _strongest(codes)
    if given.repeats is not None:
        return _trials(dictionary, codes, ids, given, wanted, by, name)
    parts = parts_of(given.stimuli)
    if parts is None:
        raise InputError(
            f"{name} must have rows STIMULUS@NUMBER, as record(..., units=Positions()) gives them, "
            "or repeats."
        )
    place = {str(id): at for at, id in enumerate(parts.names)}
    rows = parts.table()
    found = [(at, place[ids[at]]) for at in wanted if ids[at] in place]
    if not found:
        raise InputError(
            f"{name} must describe the stimuli: it has parts of {str(parts.names[0])!r}, and none "
            f"of {str(ids[wanted[0]]) if len(wanted) else ''!r}."
        )
    whole = rows[[of for _, of in found]]
    there = whole >= 0
    encoded = dictionary.encode(given.values[whole[there]], by=by)
    return _numbered("places", encoded, there, [at for at, _ in found], len(ids))


def parts_shown(
    dictionary: Dictionary,
    codes: Codes,
    stimuli: Any,
    rows: np.ndarray,
    *,
    given: Any = None,
    in_time: bool = False,
    by: By | None = None,
    name: str = "parts",
) -> LatentParts | None:
    """Return the parts that can be shown of a latent's stimuli; None where there are none.

    Those that are given; else the rows' own, where they are parts; else, where stimuli follow each
    other in time, those before and after.

    Parameters
    ----------
    dictionary : Dictionary
        The one that gave the codes.
    codes : Codes
        Of shape (n, m).
    stimuli : sequence of n ids
        Of its rows.
    rows : array of n whole numbers
        Place of each stimulus in the recording.
    given : Responses, optional
        To parts of the stimuli, as ``parts_given`` takes them.
    in_time : bool
        Whether stimuli follow each other in time.
    by : str, optional
        How codes of parts are inferred.
    name : str
        What messages call ``given``.

    Returns
    -------
    LatentParts or None
        See ``parts_given``, ``parts_within``, ``parts_around``.

    Examples
    --------
    >>> import unbraid as ub
    >>> x = np.random.default_rng(0).normal(size=(20, 3))
    >>> learned = ub.fit(x, ub.sparse.PCA(n_latents=2), rng=0)
    >>> parts_shown(learned, learned.encode(x), range(20), np.arange(20), in_time=True).kind
    'moments'
    """
    if given is not None:
        return parts_given(dictionary, codes, stimuli, given, by=by, name=name)
    return parts_within(codes, stimuli) or (parts_around(codes, rows) if in_time else None)


def _trials(
    dictionary: Dictionary,
    codes: Codes,
    ids: np.ndarray,
    given: Responses,
    wanted: np.ndarray,
    by: By | None,
    name: str,
) -> LatentParts:
    """Return the codes of every whole trial of the stimuli wanted."""
    if given.stimuli is not None and codes.stimuli is not None:
        place = {str(id): at for at, id in enumerate(given.stimuli)}
        found = [(at, place[ids[at]]) for at in wanted if ids[at] in place]
    elif len(given) == len(ids):
        found = [(at, at) for at in wanted.tolist()]
    else:
        found = []
    if not found:
        raise InputError(f"{name} must hold trials of the stimuli, matched by id; none has any.")
    repeats = np.asarray(given.repeats)[:, [of for _, of in found]]  # (trials, stimuli, units)
    there = np.isfinite(repeats).all(axis=2).T
    encoded = dictionary.encode(repeats.transpose(1, 0, 2)[there], by=by)
    return _numbered("trials", encoded, there, [at for at, _ in found], len(ids))


def _numbered(
    kind: PartKind, encoded: Codes, there: np.ndarray, wanted: list[int], n: int
) -> LatentParts:
    """Return codes of the parts that are ``there`` (stimuli wanted, parts), in that order."""
    table = np.full((n, there.shape[1]), -1)
    table[wanted] = np.where(there, there.ravel().cumsum().reshape(there.shape) - 1, -1)
    return LatentParts(
        kind=kind,
        columns=columns_of_codes(encoded),
        table=table,
        at=np.full(n, -1),
        own=False,
    )


def _strongest(codes: Codes) -> np.ndarray:
    """Return the stimuli that are among the strongest of some latent."""
    columns = columns_of_codes(codes)
    found = set()
    for start, stop in zip(columns.indptr[:-1], columns.indptr[1:], strict=True):
        ranked = np.argsort(-np.abs(columns.data[start:stop]), kind="stable")[:_EXAMPLES]
        found.update(columns.indices[start:stop][ranked].tolist())
    return np.array(sorted(found), dtype=int)
