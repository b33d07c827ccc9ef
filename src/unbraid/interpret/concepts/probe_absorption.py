"""Absorption by a probe: whether other latents carry a concept where its own are silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid.errors import InputError
from unbraid.interpret._groups import GROUPS, in_groups, stimulus_groups
from unbraid.interpret._scores import UnitScores, scores_from_groups
from unbraid.interpret.concepts._logistic import f1_score, logistic
from unbraid.interpret.concepts._with_concepts import LEAST, halves, labelled
from unbraid.interpret.concepts.sparse_probe import MOST_SPLIT, SPLIT_GAIN
from unbraid.responses import follow

_SILENT = 1e-8  # as published, and the numbers below
_CARRIES = 0.4  # share of the evidence that absorbers must carry
_COSINE_FULL, _COSINE = 0.025, 0.1  # least cosines of an absorber with the probe, as published
_ABSORBERS = 3  # at most, as published
_TOLD = 0.6  # F1 of the probe below which a concept is left out


def probe_absorption(
    x: Any,
    codes: Any,
    atoms: Any,
    concepts: Any,
    *,
    offset: Any = 0.0,
    rng: int | np.random.Generator | None = 0,
) -> UnitScores:
    r"""Share of a concept's evidence that other latents than its own carry (SAEBench).

    The evidence of a stimulus is its projection ``e = (x - offset) p`` on the direction p of a
    logistic regression of the concept on the units. The concept's own (main) latents are those
    that it is split over, as in ``splitting``; they carry ``M = sum f_j d_j p`` of it. Absorbers
    are the three other latents of largest ``f_j d_j p`` above 0 among those whose atoms have a
    cosine of .1 or more with p; they carry ``B``. A stimulus' absorption is

    - 0 if ``M >= e`` or ``B < .4 e``,
    - 1 if ``M <= 0``,
    - else ``a / (a + M)`` with ``a = min(B, e - M)``,

    and a concept's is its mean over the stimuli in which the probe finds the concept rightly.

    Parameters
    ----------
    x : Responses or array of shape (n, p)
        The units.
    codes : Responses, Codes or array of shape (n, m)
        Codes of the same stimuli.
    atoms : array of shape (m, p)
        The dictionary.
    concepts : Responses or array of shape (n, c), or names of shape (n,)
        Known features or concepts, present where above 0, or one label per stimulus.
    offset : float or array of shape (p,)
        What the dictionary adds to every reconstruction.
    rng : int or Generator
        Of the halves: probe and main latents are chosen on one, absorption is taken on the other.

    Returns
    -------
    UnitScores
        Of concepts, in [0, 1]; 0 is none (chance). Details: ``full``, the share of stimuli in which
        every main latent is silent (below 1e-8) and the latent of largest ``f_j cos(p, d_j)`` has a
        cosine of .025 or more and carries ``.4 e``; ``f1`` of the probe; ``main``, the number of
        main latents; ``found``, the stimuli counted. NaN where the probe's F1 is below .6.

    Raises
    ------
    InputError
        Codes or atoms that do not fit ``x``; fewer than 20 stimuli.

    Notes
    -----
    With known features ``absorption`` needs neither probe nor thresholds. Differs from the
    published code in the offset, which is taken off ``x`` (else it is evidence that no latent can
    carry), and in that stimuli of no positive evidence are left out. Cost: one logistic regression
    of all units a concept and half, ``30 (n p^2 + p^3)``.

    References
    ----------
    Chanin et al. (2024), A is for absorption, arXiv 2409.14507; Karvonen et al. (2025), SAEBench,
    arXiv 2503.09532.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> parent = rng.random(4000) < 0.4
    >>> child = parent & (rng.random(4000) < 0.04)
    >>> x = np.column_stack([parent, child]) * 1.0
    >>> absorbed = np.column_stack([parent & ~child, child]) * 1.0  # the child stands for both
    >>> found = probe_absorption(x, absorbed, [[1, 0], [1, 1]], parent[:, None])
    >>> bool(abs(found.values[0] - child.sum() / parent.sum()) < 0.01)
    True
    >>> probe_absorption(x, x, np.eye(2), x).values.tolist()
    [0.0, 0.0]
    """
    both = labelled(x, concepts)
    units = both.responses
    latents = follow(units, codes, "codes", "x").toarray().astype(np.float64)
    directions = _validate.as_matrix(atoms, "atoms").astype(np.float64)
    if directions.shape != (latents.shape[1], units.shape[1]):
        raise InputError(
            f"atoms must have shape ({latents.shape[1]}, {units.shape[1]}), a row for each latent "
            f"and a column for each unit, got {directions.shape}."
        )
    values = units.toarray().astype(np.float64) - np.asarray(offset, dtype=np.float64)
    n, count = len(values), both.present.shape[1]
    parts, groups = halves(n, _validate.as_rng(rng)), stimulus_groups(n)
    usable = both.enough(parts[0]) & both.enough(parts[1])
    few = "present or absent in fewer than 5 stimuli of a half"
    reasons = ["" if fine else few for fine in usable]
    details = {name: np.full(count, np.nan) for name in ("full", "f1", "main", "found")}
    scores, influence = np.full(count, np.nan), np.zeros((GROUPS, count))
    for concept in np.flatnonzero(usable):
        present = both.present[:, concept]
        taken = [
            _of_half(values, latents, directions, present, fit, test)
            for fit, test in (parts, parts[::-1])
        ]
        details["f1"][concept] = np.mean([each.f1 for each in taken])
        details["main"][concept] = np.mean([each.main for each in taken])
        details["found"][concept] = sum(len(each.rows) for each in taken)
        if details["f1"][concept] < _TOLD:
            reasons[concept] = "the probe does not tell the concept (F1 below .6)"
        elif min(len(each.rows) for each in taken) < LEAST:
            reasons[concept] = "found by the probe in fewer than 5 stimuli of a half"
        else:
            scores[concept] = np.mean([each.share.mean() for each in taken])
            details["full"][concept] = np.mean([each.full.mean() for each in taken])
            for each in taken:
                psi = (each.share - each.share.mean()) / len(each.rows) / 2
                influence[:, concept] += in_groups(psi, each.rows, groups)
    return scores_from_groups(
        "probe_absorption",
        scores,
        influence,
        chance=0.0,
        reasons=tuple(reasons),
        n=n,
        judge="concepts",
        names=both.names,
        of="concepts",
        details=details,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Absorbed:
    """Absorption of one concept in one half of the stimuli."""

    rows: np.ndarray
    """Stimuli in which the probe finds the concept rightly."""
    share: np.ndarray
    full: np.ndarray
    f1: float
    main: int


def _of_half(
    values: np.ndarray,
    latents: np.ndarray,
    atoms: np.ndarray,
    present: np.ndarray,
    fit: np.ndarray,
    test: np.ndarray,
) -> _Absorbed:
    scaled, sd = _standardised(values[fit])
    weights = logistic(scaled, present[fit])
    toward = weights[1:] / sd
    length = float(np.linalg.norm(toward))
    direction = toward / (length if length > 0 else 1.0)
    told = values[test] @ toward + weights[0] - values[fit].mean(axis=0) @ toward > 0
    main = _main_latents(latents[fit] * np.linalg.norm(atoms, axis=1), present[fit])
    rows = test[told & present[test]]
    evidence = values[rows] @ direction
    rows, evidence = rows[evidence > 0], evidence[evidence > 0]
    share, full = _absorbed(latents[rows], atoms, direction, evidence, main)
    return _Absorbed(
        rows=rows, share=share, full=full, f1=f1_score(told, present[test]), main=len(main)
    )


def _main_latents(latents: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the latents that the concept is split over: those before one adds less than .03."""
    scaled, _ = _standardised(latents)
    order = np.argsort(
        latents[~present].mean(axis=0) - latents[present].mean(axis=0), kind="stable"
    )[:MOST_SPLIT]
    before = 0.0
    for size in range(1, len(order) + 1):
        weights = logistic(scaled[:, order[:size]], present)
        f1 = f1_score(scaled[:, order[:size]] @ weights[1:] + weights[0] > 0, present)
        if size > 1 and f1 - before < SPLIT_GAIN:
            return order[: size - 1]
        before = f1
    return order


def _absorbed(
    latents: np.ndarray,
    atoms: np.ndarray,
    direction: np.ndarray,
    evidence: np.ndarray,
    main: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Return the share absorbed (rows,), and whether absorption is full (rows,)."""
    along = atoms @ direction
    length = np.linalg.norm(atoms, axis=1)
    cosine = along / np.where(length > 0, length, 1.0)
    carried = latents * along
    own = carried[:, main].sum(axis=1)
    others = np.where(cosine >= _COSINE, np.maximum(carried, 0), 0.0)
    others[:, main] = 0.0
    absorbers = np.sort(others, axis=1)[:, -_ABSORBERS:].sum(axis=1)
    part = np.minimum(absorbers, evidence - own)
    share = np.where(own > 0, part / np.where(part + own > 0, part + own, 1.0), 1.0)
    share[(own >= evidence) | (absorbers < _CARRIES * evidence)] = 0.0
    largest = carried.argmax(axis=1)
    at = np.arange(len(latents)), largest
    silent = (latents[:, main] < _SILENT).all(axis=1)
    full = silent & (cosine[largest] >= _COSINE_FULL) & (carried[at] >= _CARRIES * evidence)
    return share, full


def _standardised(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return columns of mean 0 and variance 1, and their standard deviations; inf of constants."""
    sd = values.std(axis=0)
    sd = np.where(sd > 1e-12 * np.abs(values).max(axis=0), sd, np.inf)
    return (values - values.mean(axis=0)) / sd, sd
