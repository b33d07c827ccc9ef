"""One dictionary of the units of all systems, learned from complete rows and from parts of rows."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unbraid import sparse
from unbraid._progress import Progress, part
from unbraid.errors import InputError
from unbraid.sharing._config import OrderWord
from unbraid.sharing.learning._incomplete_rows import with_incomplete_rows
from unbraid.sharing.learning._infer import (
    Coder,
    chosen_coder,
    judging_rows,
    left_out_errors,
    power_of,
)
from unbraid.sharing.systems._stack import Systems, SystemScales, scale_of
from unbraid.sparse.crosscoders._crosscoder import Crosscoder

_FEWEST = 20  # with fewer complete rows nothing can be learned
_PREDICTED = 0.5  # error at units left out below which a system is predicted
_NOISE_WEIGHS = 0.1  # a hundredth of the power: its noise no longer decides which latent is active


@dataclass(frozen=True, eq=False, kw_only=True)
class LearnedTogether:
    """A joint dictionary, in scaled units, and the inference that predicts units left out best."""

    dictionary: sparse.Dictionary
    coder: Coder
    errors: np.ndarray
    """(S,): squared error at units left out, in shares of each system's variance."""
    scale: SystemScales
    sizes: tuple[int, ...]

    @property
    def error(self) -> float:
        """Mean error at units left out over the systems that have one; NaN if none has."""
        known = self.errors[np.isfinite(self.errors)]
        return float(known.mean()) if len(known) else float("nan")


def learn(
    train: Systems,
    method: sparse.Method,
    rng: np.random.Generator,
    tell: Progress,
    order: OrderWord = "auto",
) -> LearnedTogether:
    """Learn a dictionary from the systems side by side.

    The start is learned from the rows that all systems answered. Where others are given too,
    iterations over all rows follow: codes from the systems that answered, and for each system's
    part of the atoms least squares over its rows. If of some systems no unit that is left out can
    be predicted, but of another half of the variance can, or if some are one unit, all is learned
    again with those at a tenth of their size, and kept if the others are predicted better.
    """
    found = _learn(train, method, scale_of(train), rng, part(tell, 0.0, 0.5), order)
    noise = _noise(found.errors)
    if not noise.any():
        return found
    weight = np.where(np.repeat(noise, train.sizes), _NOISE_WEIGHS, 1.0)
    scale = replace(found.scale, weight=weight)
    again = _learn(train, method, scale, rng, part(tell, 0.5, 1.0), order)
    better = np.nanmean(again.errors[~noise]) < np.nanmean(found.errors[~noise])
    return again if better else found


def _noise(errors: np.ndarray) -> np.ndarray:
    """Return which systems (S,) are one unit, or not predicted at all though another is."""
    known = errors[np.isfinite(errors)]
    if not len(known):
        return np.zeros(len(errors), bool)
    unpredicted = (errors >= 1) & (known.min() <= _PREDICTED)
    return np.asarray(unpredicted | np.isnan(errors))


def _learn(
    train: Systems,
    method: sparse.Method,
    scale: SystemScales,
    rng: np.random.Generator,
    tell: Progress,
    order: OrderWord,
) -> LearnedTogether:
    complete = train.complete
    if len(complete) < _FEWEST:
        raise InputError(
            f"At least {_FEWEST} training stimuli must be answered by all systems, got "
            f"{len(complete)}."
        )
    x = np.where(np.repeat(train.observed, train.sizes, axis=1), scale.apply(train.values), 0)
    x = x.astype(train.values.dtype, copy=False)
    whole = np.ascontiguousarray(x[complete])
    found = sparse.fit(whole, sized(method, train.sizes), rng=rng, progress=tell, order=order)
    coder = chosen_coder(whole, _coder(found, whole), train.sizes)
    if len(complete) < len(train) and found.encoder is None:
        coder = with_incomplete_rows(x, train, coder)
        coder = chosen_coder(whole, coder, train.sizes)
        found = replace(found, atoms=coder.atoms, offset=coder.offset)
    errors = left_out_errors(judging_rows(whole), coder, train.sizes)
    return LearnedTogether(
        dictionary=found, coder=coder, errors=errors, scale=scale, sizes=train.sizes
    )


def sized(method: sparse.Method, sizes: tuple[int, ...]) -> sparse.Method:
    """Return the method, with the units of each system where it needs to know them."""
    return method.sized(sizes) if isinstance(method, Crosscoder) else method


def _coder(found: sparse.Dictionary, x: np.ndarray) -> Coder:
    return Coder(
        atoms=np.asarray(found.atoms),
        offset=np.asarray(found.offset),
        signed=found.signed,
        power=power_of(x),
        floor=found.floor or 0.0,
        encoder=found.encoder,
        tells_alone=isinstance(found.method, Crosscoder) and found.method.tells_alone,
    )
