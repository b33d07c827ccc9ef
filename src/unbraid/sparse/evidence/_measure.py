"""What the evidence for a dictionary is measured by."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse._log import Log
from unbraid.sparse.inference._floor import learned_floor
from unbraid.sparse.inference._infer import (
    Problem,
    codes_from_units,
    normalised,
    validation_rows,
)
from unbraid.sparse.inference._posterior import means_from_units
from unbraid.sparse.inference._prepare import chosen_penalty, prepared
from unbraid.sparse.training._source import spaced

_COHERENCE_ROWS = 1024  # atoms compared with all others at a time: 128 MiB of 32,768
_EVIDENCE_NUMBERS = 2**22  # responses that are used at once
_PURSUED_NUMBERS = 2**28  # stimuli times latents for whose codes pursuit takes a minute or two
_SEARCHED_NUMBERS = 2**24  # the same of l0, which keeps sixteen supports
_HELD_LEAST = 32  # this many held-out stimuli are enough
_SAMPLED_NUMBERS = 2**19  # the same of posterior means
_GAP_ROWS, _GAP_ATOMS = 256, 4096  # stimuli, and atoms at most: what takes seconds
# Stimuli; and atoms of an encoder, the products of all pairs of which take 1 GiB and, twenty times,
# a few per cent of the training
_UNITS_ROWS, _UNITS_ATOMS = 64, 2**14
_GAP_PRODUCTS = 2**31  # multiplications of pursuit: about a second


def with_evidence(learned: Dictionary, values: np.ndarray, log: Log, seconds: float) -> Dictionary:
    """Return the dictionary with what it says about ``values``, its training stimuli.

    Where its method has not, what its inference leaves open is learned too: the penalty of the
    lasso and the size up to which codes are noise. Evidence is of all stimuli, or evenly spaced
    ones where pursuit of all would take longer than the training.
    """
    learned, unpredicted = _settled(learned, values, log.held)
    widest, every = max(values.shape[1], learned.n_latents), 1
    if learned.by == "posterior":
        every = -(-len(values) * learned.n_latents // _SAMPLED_NUMBERS)
    elif learned.by != "encoder":  # pursuit forms the atoms' products in each go, and blocks itself
        widest = values.shape[1]
        most = _SEARCHED_NUMBERS if learned.by == "l0" else _PURSUED_NUMBERS
        every = -(-len(values) * learned.n_latents // most)
    n = len(range(0, len(values), every))
    alive = np.zeros(learned.n_latents, bool)
    active = wrong = squares = effective = 0.0
    sums, middle = 0.0, None
    n_blocks = -(-n // max(4, _EVIDENCE_NUMBERS // widest))
    edges = every * np.linspace(0, n, n_blocks + 1).astype(int)
    for start, stop in pairwise(edges):
        block = values[start:stop:every]
        codes = learned.encode(block)
        alive[codes.indices] = True
        active += codes.count_nonzero()
        effective += codes.n_active * len(block)
        seen = learned.centred(block)
        wrong += np.square(seen - codes @ learned.atoms, dtype=np.float64).sum()
        middle = seen.mean(0, dtype=np.float64) if middle is None else middle
        sums = sums + (seen - middle).sum(0)
        squares += np.square(seen - middle).sum()
    total = squares - np.square(sums).sum() / n  # about the mean of all, not of each part
    return learned.with_evidence(
        fvu=float(wrong / total) if total > 0 else float("nan"),
        fvu_held_out_units=unpredicted,
        l0=active / n,
        n_active=effective / n,
        coherence=_coherence(learned.atoms),
        density=active / n / alive.sum() if alive.any() else float("nan"),
        units_for_bound=_units_for_bound(values.shape[1], int(alive.sum()), active / n),
        dead=float(1 - alive.mean()),
        amortization_gap=_amortization_gap(learned, values, log.held),
        n_stimuli=len(values),
        seconds=seconds,
        history=tuple(log.history),
        warnings=tuple(log.warnings),
    )


def _amortization_gap(learned: Dictionary, values: np.ndarray, held: np.ndarray | None) -> float:
    if learned.encoder is None or learned.by != "encoder" or learned.shuffled is not None:
        return float("nan")
    rows = np.arange(len(values)) if held is None or len(held) < _HELD_LEAST else held
    x, learned = values[spaced(rows, _GAP_ROWS)], replace(learned, floor=None)
    codes = learned.encode(x)
    m, k = learned.n_latents, round(codes.l0)
    if not 0 < k <= x.shape[1] / 2 or m > _GAP_ATOMS or len(x) * m * k**2 > _GAP_PRODUCTS:
        return float("nan")
    return learned.fvu(x, codes) - learned.fvu(x, learned.encode(x, by="omp", k=k))


def _settled(
    learned: Dictionary, values: np.ndarray, held: np.ndarray | None
) -> tuple[Dictionary, float]:
    """Return the dictionary with its penalty and floor, and the error on units held out.

    What the method has chosen and measured stays. Atoms of an encoder are assessed by the lasso, on
    stimuli held out where there are enough; without those, the error is NaN.
    """
    known, encoder = learned.evidence.fvu_held_out_units, learned.encoder
    if encoder is not None and learned.n_latents > _UNITS_ATOMS:
        return learned, known
    few = held is None or len(held) < _HELD_LEAST
    if encoder is None:
        rows = validation_rows(values)
    else:
        rows = values[spaced(np.arange(len(values)) if few or held is None else held, _UNITS_ROWS)]
    error = known
    if learned.penalty is None:
        chosen = chosen_penalty(learned, rows)
        error, learned = chosen.error, replace(learned, penalty=chosen.problem.penalty)
        known = known if encoder is None or few or learned.floor is not None else error
    learned = prepared(learned, values, learned.by)
    if learned.floor is not None:
        return learned, known
    if learned.by == "posterior" and learned.prior is not None:
        x = np.ascontiguousarray(learned.centred(rows), learned.atoms.dtype)
        code = partial(means_from_units, x, learned.atoms, learned.prior)
        return replace(learned, floor=learned_floor(x, learned.atoms, code)), known
    atoms, _ = normalised(learned.atoms)
    x = np.ascontiguousarray(learned.centred(rows), atoms.dtype)
    problem = Problem(by="fista", penalty=learned.penalty, signed=learned.signed)
    if learned.by == "omp":
        problem = replace(problem, by="omp", k=learned.k)
    floor = learned_floor(x, atoms, partial(codes_from_units, x, atoms, problem))
    if encoder is not None and not encoder.picks and error > 0:
        # an encoder's codes are not fitted to the stimulus: what they leave is the noise they have
        own = replace(learned, shuffled=None)
        floor *= min(1.0, own.fvu(rows, own.encode(rows)) / error) ** 0.5
    return replace(learned, floor=floor), known


def _coherence(atoms: np.ndarray) -> float:
    length = np.sqrt(np.square(atoms, dtype=np.float64).sum(1))
    unit = atoms[length > 0] / length[length > 0, None]
    if len(unit) < 2:
        return float("nan")
    largest = 0.0
    for start in range(0, len(unit), _COHERENCE_ROWS):
        cosine = np.abs(unit[start : start + _COHERENCE_ROWS] @ unit.T)
        at = np.arange(len(cosine))
        cosine[at, start + at] = 0
        largest = max(largest, float(cosine.max()))
    return min(largest, 1.0)


def _units_for_bound(p: int, n_latents: int, k: float) -> float:
    if not k > 0:
        return float("nan")
    need = k * np.log(n_latents / k) if n_latents > k else 0.0
    return float(p / need) if need > 0 else float("inf")
