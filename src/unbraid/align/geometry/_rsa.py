"""Representational similarity analysis: whether both systems find the same stimuli alike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.align._dense import check_memory
from unbraid.align._estimator import Blocks, Estimator, Measured
from unbraid.align._judge import Judging, judge
from unbraid.align._scale import no_responses
from unbraid.align._score import NAN, Score
from unbraid.align.geometry._crossnobis import crossnobis
from unbraid.align.geometry._given_rdm import GIVEN, paired
from unbraid.align.geometry._longon_rsa import LongonRsa
from unbraid.align.geometry._rdm import RDMS, squared_euclidean
from unbraid.align.geometry._rdm_compare import COMPARISONS
from unbraid.align.published._longon2025 import PUBLISHED
from unbraid.errors import InputError

CROSSNOBIS = "crossnobis"


class Rsa(Estimator):
    """Agreement of two RDMs over pairs of stimuli."""

    def __init__(
        self, x, y, folds, *, rdm: tuple[str, str], compare: str, repeats: Any = (None, None)
    ) -> None:
        super().__init__(x, y, folds)
        if compare not in COMPARISONS:
            raise InputError(f"compare must be one of {', '.join(COMPARISONS)}, got {compare!r}.")
        n = len(x)
        check_memory(6 * 8.0 * n * n, f"RSA of {n} stimuli")
        self.used = np.ones(n, dtype=bool)
        for side, kind in zip((x, y), rdm, strict=True):
            if kind == "correlation":
                self.used &= np.ptp(side, axis=1) > 0
        self.notes: tuple[str, ...] = ()
        if not self.used.all():
            self.notes = (
                f"{(~self.used).sum()} of {n} stimuli left out on both sides: a side's responses "
                "to them do not differ between units, so they have no correlation distance.",
            )
        self.ok = bool(self.used.sum() >= 3)
        if self.ok:
            distances = [
                _distances(kind, side, trials, folds, self.used, name)
                for kind, side, trials, name in zip(rdm, (x, y), repeats, "xy", strict=True)
            ]
            self.agreement = COMPARISONS[compare](*distances)
            self.ok = self.agreement.defined

    def estimate(self, order: np.ndarray | None, influence: bool) -> Measured:
        if not self.ok:
            why = "undefined: fewer than 3 stimuli are left, or all distances of a side are equal."
            return Measured(value=NAN, warnings=(why, *self.notes))
        if order is not None:
            rows = np.argsort(np.argsort(order[np.isin(order, np.flatnonzero(self.used))]))
            return Measured(value=self.agreement.value(rows))
        value = self.agreement.value()
        losses = self._losses(value) if influence else None
        return Measured(value=value, influence=losses, in_sample=value, notes=self.notes)

    def _losses(self, value: float) -> np.ndarray:
        blocks = Blocks.of(self.folds)
        number = blocks.number if blocks else np.arange(len(self.used))
        left, own = np.unique(number[self.used], return_inverse=True)
        losses = np.zeros(int(number.max()) + 1)
        losses[left] = self.agreement.losses(value, own)
        return losses


def _distances(
    kind: str, side: np.ndarray, trials: Any, folds: stats.Folds, used: np.ndarray, name: str
) -> np.ndarray:
    """Return the dissimilarities of one side's stimuli."""
    if kind == GIVEN:
        return np.ascontiguousarray(side[used][:, used])
    if kind == CROSSNOBIS:
        return squared_euclidean(side) if trials is None else crossnobis(trials, folds, name)
    return RDMS[kind](side[used])


def _kinds(rdm: Any) -> tuple[str, str]:
    """Return the dissimilarity of each side."""
    kinds = (rdm, rdm) if isinstance(rdm, str) else tuple(rdm) if np.iterable(rdm) else (rdm,)
    choices = (*RDMS, CROSSNOBIS, GIVEN)
    if len(kinds) != 2 or any(kind not in choices for kind in kinds):
        raise InputError(
            f"rdm must be one of {', '.join(choices)}, or two, one for each side, got {rdm!r}."
        )
    return kinds


def rsa(
    x: Any,
    y: Any,
    *,
    protocol: str = "unbraid",
    folds: Any = 5,
    permutations: int = 20,
    resamples: int = 200,
    rng: Any = 0,
    order: str | None = None,
    rdm: str | tuple[str, str] = "euclidean",
    compare: str = "pearson",
) -> Score:
    r"""Correlation between two systems' representational dissimilarity matrices.

    ``d_st`` is the dissimilarity of the responses to stimuli ``s`` and ``t``; the value is the
    correlation of ``d^x_st`` and ``d^y_st`` over pairs ``s < t``.

    Parameters
    ----------
    x, y
        As in ``semi_matching``.
    protocol : {"unbraid", "longon2025", "longon2026"}
        The latter two: silent units and stimuli dropped (jointly), rows centred and normalised,
        correlation distance, Pearson.
    folds : int or array of labels
        As in ``cka``: nothing is held out.
    permutations, resamples, rng, order
        As in ``semi_matching``.
    rdm : {"euclidean", "correlation", "crossnobis", "given"}, or two, one for each side
        ``euclidean``: the *squared* Euclidean distance (Pearson's r of distances that are not
        squared is another number; Spearman's and Kendall's are the same). ``correlation``:
        1 - Pearson r over units: stimuli whose responses do not differ between units have none and
        are left out on both sides. ``crossnobis``: products of
        differences in different repeats, whitened by the noise covariance of the other folds'
        stimuli (correlations shrunk to 0), per unit: noise adds nothing on average. A side without
        repeats counts as noiseless and has squared Euclidean distances. ``given``: the side *is*
        dissimilarities, (n, n) or its upper triangle in a row; ids name rows and columns.
    compare : {"pearson", "spearman", "kendall", "cosine"}
        Spearman gives ties their mean rank; Kendall is tau-a, exact, in O(n^2 log n); cosine takes
        dissimilarities as they are, so that 0 stands for no difference (for unrelated systems it
        is far above 0 unless they are ``crossnobis``: see ``null``).

    Returns
    -------
    Score
        In [-1, 1]; 1 if the dissimilarities are proportional (Pearson) or equally ordered
        (Spearman; Kendall, if there are no ties). NaN, with a warning, if all dissimilarities of a
        side are equal.

    Notes
    -----
    Symmetric. Euclidean: invariant to rotation, common scaling and shift; correlation distance is
    not invariant to rotation or shift. ``p_value`` permutes stimuli (Mantel test). Intervals delete
    stimuli, not pairs: exactly for Pearson and cosine, to first order for ranks. Under heavy tails
    few stimuli decide Pearson's r and its interval is wide; ranks are the remedy. Cost
    O(n^2 (p + q)) time, O(n^2) memory.

    References
    ----------
    Kriegeskorte, Mur & Bandettini (2008); Nili et al. (2014), tau-a; Walther et al. (2016) and
    Diedrichsen et al. (2021), crossnobis; Schafer & Strimmer (2005), shrinkage.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).normal(size=(50, 3))
    >>> round(rsa(x, 2 * x[:, ::-1] + 1).value, 12)
    1.0
    """
    judging = Judging(
        protocol=protocol, folds=folds, permutations=permutations, resamples=resamples, rng=rng,
        order=order,
    )  # fmt: skip
    estimators: dict[str, type[Estimator]] = {"unbraid": Rsa, **dict.fromkeys(PUBLISHED, LongonRsa)}
    if protocol != "unbraid":
        return judge("rsa", estimators, x, y, judging, rdm=rdm, compare=compare, held_out=False)
    kinds = _kinds(rdm)
    x, y = paired(x, y, kinds)
    if CROSSNOBIS in kinds and all(
        side.repeats is None for side, kind in zip((x, y), kinds, strict=True) if kind != GIVEN
    ):
        raise InputError(
            "rdm='crossnobis' needs repeats on at least one side, got none. Pass "
            "Responses(values, repeats=trials)."
        )
    options: dict[str, Any] = {"rdm": kinds, "compare": compare}
    options["repeats"] = x.repeats, y.repeats
    score = judge("rsa", estimators, x, y, judging, **options, held_out=False)
    if GIVEN not in kinds:
        return score
    given = tuple(name for name, kind in zip("xy", kinds, strict=True) if kind == GIVEN)
    asked = {line for line in no_responses(x, y) if line.startswith(given)}
    return replace(score, warnings=tuple(line for line in score.warnings if line not in asked))
