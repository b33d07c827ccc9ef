"""Which controls belong to which metric: what could explain its gain without any feature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import align, sparse
from unbraid.responses import Responses

CONTROLS = (
    "random_dictionary",
    "random_expansion",
    "shuffled_latents",
    "rotation",
    "wide_expansion",
    "frozen_decoder",
    "soft_frozen_decoder",
    "frozen_encoder",
    "untrained_copy",
)
"""Method never trained; random projection of equal width and density; latents shuffled; independent
components of the units, as many as units; random ReLU units, up to 16 times as many as latents;
autoencoders that learn only half; codes of an untrained copy of the system. The last four where
they were requested."""

BOTH_SIDES = (
    "random_dictionary",
    "random_expansion",
    "rotation",
    "frozen_decoder",
    "soft_frozen_decoder",
    "frozen_encoder",
    "untrained_copy",
)
"""Controls that are scored against themselves in the other system too."""
LABELS = {
    "base": "units",
    "codes": "codes",
    "random_dictionary": "untrained dictionary",
    "random_expansion": "random expansion",
    "shuffled_latents": "shuffled latents",
    "rotation": "rotated units",
    "wide_expansion": "wide random expansion",
    "features": "features",
    "frozen_decoder": "frozen decoder",
    "soft_frozen_decoder": "soft-frozen decoder",
    "frozen_encoder": "frozen encoder",
    "untrained_copy": "untrained copy",
}
"""What each side of a score is called."""
_ENOUGH = 1024  # units of the widest expansion at least
_NUMBERS = 2**24  # of an expansion: 128 MiB in double precision; wider ones are cut
_CARRIED = 0.9999  # share of the variance that a rotation keeps
_MOST_TURNED = 512  # components; more take longer than most dictionaries
_ROWS, _ROWS_EACH = 2048, 8  # stimuli that a rotation is fitted on at most, and for each component
_STEPS = 100  # steps of FastICA, which never converges where there are no independent axes


def is_matching(metric: str) -> bool:
    """Whether a metric depends on the axes of the source, so that a rotation alone may raise it."""
    return "rotation" in align.METRICS[metric].changes_under


def is_prediction(metric: str) -> bool:
    """Whether a metric predicts each target unit from the source's space: width alone helps it."""
    found = align.METRICS[metric]
    return "rotation" in found.invariant_to and "rotation" not in found.target_invariant_to


def applies(control: str, target: str, metric: str, *, headline: bool) -> bool:
    """Whether a control is scored under a metric against a target.

    Rotations belong to matchings, wide expansions to predictions (of base units, and of codes where
    they are the headline). The others belong to every metric.
    """
    if control == "rotation":
        return is_matching(metric)
    if control == "wide_expansion":
        return is_prediction(metric) and (target == "base" or (headline and target == "codes"))
    return True


def rivals(metric: str, target: str, *, headline: bool) -> tuple[tuple[str, str], ...]:
    """Return source and target of every control that codes -> ``target`` must exceed.

    Against codes there are those with a control on both sides too: what width, or a rotation, does
    to two systems alone.
    """
    found = [(name, target) for name in CONTROLS]
    if target == "codes":
        found += [(name, name) for name in BOTH_SIDES]
    if target == "features":
        found = [(name, target) for name in BOTH_SIDES]
    return tuple(pair for pair in found if applies(*pair, metric, headline=headline))


@dataclass(frozen=True, eq=False, kw_only=True)
class WideExpansion:
    """Random ReLU units, ``relu((x - mean) W)``, of which ridge takes as many as predict best.

    It tests prediction, not recovery: with ever more units, ridge from them approaches regression
    with the arc-cosine kernel, which predicts any smooth function of the units when stimuli are
    many. What codes predict beyond it is not due to a nonlinearity alone. What they do not predict
    beyond it may still be features: matchings show that. The units are in an order, and the first
    1, 4 or 16 times as many as latents (at least 1,024) are candidates, one chosen for each target
    on inner folds.
    """

    train: Responses
    """Training stimuli, about whose mean the units are centred."""
    scored: Responses
    widths: tuple[int, ...]
    seed: int

    def expanded(self) -> Responses:
        """Return the expansion of the alignment stimuli; made when it is scored, and not kept."""
        widest = self.widths[-1]
        method = sparse.RandomExpansion(n_latents=widest, k=widest)
        random = method.untrained(self.train.toarray(), np.random.default_rng(self.seed))
        values = random.transformed(self.scored.toarray()) - random.offset
        return Responses(np.maximum(values @ random.atoms.T, 0), stimuli=self.scored.stimuli)


def widths(n_latents: int, n: int, p: int) -> tuple[int, ...]:
    """Return the widths m, 4 m and max(1024, 16 m), cut to what 2^24 numbers hold.

    A cut leaves at least max(m, 1024) units, for n stimuli of p units.
    """
    most = max(n_latents, _ENOUGH, _NUMBERS // max(n, p))
    wanted = (n_latents, 4 * n_latents, max(_ENOUGH, 16 * n_latents))
    return tuple(sorted({min(width, most) for width in wanted}))


def warnings_of_widths(wide: Any) -> list[str]:
    """Return a line where an expansion is narrower than requested, to save memory."""
    wanted = 0 if wide is None else max(_ENOUGH, 16 * wide.widths[0])
    if wide is None or wide.widths[-1] >= wanted:
        return []
    return [
        f"The widest random expansion has {wide.widths[-1]:,} units in place of {wanted:,}, which "
        f"would hold more than 2^24 numbers for {len(wide.scored):,} stimuli: predictions were "
        "compared with a weaker control."
    ]


def rotation(train: Responses, scored: Responses, rng: np.random.Generator) -> Responses:
    """Return the scored units turned to independent components, signed by skewness.

    Fitted on ``train``. As many components as units, without those of pure noise, which codes drop
    too: a flat tail of the covariance's eigenvalues (Wax and Kailath, 1985, by description length),
    and what carries less than 1e-4 of the variance; at most 512. Axes are turned, and no
    feature is taken out of superposition.
    """
    values = train.toarray()
    count = _components(values)
    most = rotation_size(len(values), count)[1]
    if len(values) > most:
        values = values[np.sort(rng.permutation(len(values))[:most])]
    learned = sparse.fit(values, sparse.ICA(n_latents=count, max_steps=_STEPS), rng=rng)
    return Responses(learned.encode(scored).toarray(), stimuli=scored.stimuli)


def rotation_size(n: int, p: int) -> tuple[int, int, int]:
    """Return the steps, the stimuli and the components of a rotation at most."""
    p = min(p, _MOST_TURNED)
    return _STEPS, min(n, max(_ROWS, _ROWS_EACH * p)), p


def _components(values: np.ndarray) -> int:
    """Return how many principal components hold more than noise, from 1 to 512."""
    centred = values - values.mean(axis=0, dtype=np.float64)
    n = len(centred)
    few = centred if n < centred.shape[1] else centred.T
    power = np.maximum(np.linalg.eigvalsh(few @ few.T)[::-1], 0)
    power = power[power > 1e-12 * power[0]]
    r = len(power)
    kept = np.arange(r)  # components before a tail of r - kept
    left = r - kept
    of_tail, of_logs = power[::-1].cumsum()[::-1], np.log(power)[::-1].cumsum()[::-1]
    flatness = left * np.log(of_tail / left) - of_logs  # 0 where the tail is flat
    length = n * flatness / 2 + kept * (2 * r - kept) * np.log(n) / 4
    flat = int(length.argmin())
    flat = r if flat == r - 1 else flat  # a tail of one component is no tail
    carried = int(np.searchsorted(power.cumsum(), _CARRIED * power.sum())) + 1
    return max(1, min(flat, carried, r, _MOST_TURNED))
