"""How well a dictionary describes what it was learned from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from unbraid._documented import documented_answer

NAN = float("nan")
_THRESHOLDS = (
    (4.0, "enough even for the codes of a linear encoder."),
    (3.0, "enough to learn atoms by pursuit; for an encoder's codes too few."),
    (2.0, "atoms are learned by pursuit if few are active at once; for an encoder too few."),
    (1.5, "enough for known atoms, and by sparse coding for learned ones if stimuli are many."),
)
_UNPREDICTED = 0.5  # held-out-units error above which atoms are not what made the units
_SPARSE = 1 / math.e  # K ln(N/K) falls with K where a larger share is active


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evidence:
    """How good a dictionary is, as far as it can be seen without knowing the truth.

    Where codes are pursued and training stimuli times latents exceed 2^28, what is measured on them
    is measured on evenly spaced ones.
    """

    fvu: float = NAN
    """Fraction of variance unexplained on the training stimuli, about their mean; 0 is perfect,
    1 no better than the mean. NaN if the stimuli do not vary."""
    fvu_held_out: float = NAN
    """The same on stimuli kept out of the training; NaN if none were."""
    fvu_held_out_units: float = NAN
    """The same on units kept out of the inference of stimuli kept out: codes from three quarters of
    the units predict the rest, atoms as learned; under an encoder's atoms by the lasso, on up to
    64 stimuli. NaN if not measured: no stimuli were kept out, or atoms hold over 2^20 numbers."""
    l0: float = NAN
    """Mean number of active latents per stimulus."""
    n_active: float = NAN
    """Effective number of active latents, the mean of ``(sum |z|)^2 / sum z^2`` over the stimuli:
    l0 where all codes are equally large, less where some are small."""
    coherence: float = NAN
    """Largest absolute cosine between two atoms: near 1 where an atom is doubled or split."""
    density: float = NAN
    """``l0`` as a share of the latents that are not dead."""
    units_for_bound: float = NAN
    """Units as a multiple of ``K ln(N/K)``, K active of N latents that are not dead; infinite where
    all are active. What it means stands in ``recovery``."""
    dead: float = NAN
    """Share of the latents silent on every training stimulus."""
    amortization_gap: float = NAN
    """What the encoder leaves unexplained and pursuit would not: the FVU of the encoder's codes
    less that of orthogonal matching pursuit with as many active latents (the encoder's l0,
    rounded) under the same atoms, on up to 256 stimuli held out of the training. About 0 where the
    encoder is as good, below where greedy steps are worse; NaN where there is no encoder, or
    pursuit would take long."""
    stability: tuple[float, ...] = ()
    """Of each atom, how far other seeds find it too, in [0, 1] (see ``sparse.stability``); empty
    where there is one seed."""
    n_stimuli: int = 0
    """Training stimuli, those held out included."""
    seconds: float = NAN
    """Wall-clock time of the training."""
    history: tuple[Mapping[str, float], ...] = ()
    """The course of the training: records of ``step``, ``loss``, ``fvu`` and more."""
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """How an automatic choice was made: every candidate with its held-out errors."""
    warnings: tuple[str, ...] = ()
    """What the training could not do well, in sentences."""

    def __repr__(self) -> str:
        return f"Evidence(fvu={self.fvu:.3g}, l0={self.l0:.3g}, dead={self.dead:.2g})"

    @property
    def recovery(self) -> str:
        """Whether so many units can hold what was found, in a sentence.

        With random atoms and without noise, known atoms need 1.5 K ln(N/K) units, atoms learned by
        sparse coding from many stimuli no more, those learned by pursuit 2 to 3 times K ln(N/K),
        and the codes of a linear encoder 4 times. Codes of which more than 1/e are active at a time
        are not sparse: there the bound says nothing. It knows nothing of too few stimuli and of
        noise either, which atoms that fail to predict units show.
        """
        if self.fvu_held_out_units > _UNPREDICTED:
            return (
                f"units left out of the inference are predicted with {self.fvu_held_out_units:.0%} "
                "of their variance unexplained: too few stimuli or units, or too much noise; "
                "do not read the latents as features."
            )
        if self.density > _SPARSE:
            return (
                f"{self.density:.0%} of the latents are active at a time, which is not sparse: "
                "other atoms may describe the units as well; do not read the latents as features."
            )
        ratio = self.units_for_bound
        if ratio != ratio:
            return "How many units recovery needs was not computed."
        said = f"{ratio:.2g} K ln(N/K) units: "
        for least, meaning in _THRESHOLDS:
            if ratio >= least:
                return said + meaning
        return said + "too few for recovery by any method; do not read the latents as features."

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON data; NaN becomes None."""
        return {name: _plain(getattr(self, name)) for name in self.__dataclass_fields__}


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else None
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") and not hasattr(value, "__len__") else value
