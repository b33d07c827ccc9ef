"""The answer of every metric: a held-out value with everything needed to judge it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np

from unbraid._documented import documented_answer
from unbraid._notebook import card

NAN = float("nan")


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Score:
    """One alignment score, source -> target, with its null, interval and coverage."""

    metric: str
    """Name of the metric, as in ``METRICS``."""
    value: float
    """Held-out value (for metrics that fit nothing: the value on all stimuli)."""
    protocol: str
    """Named scoring protocol: ``unbraid``, ``longon2025`` or ``longon2026``."""
    n: int
    """Number of stimuli."""
    source: str = "x"
    """What the source side is: ``base``, ``codes`` or a control's name; ``x`` by itself."""
    target: str = "y"
    """What the target side is; ``y`` by itself."""
    systems: str = "x->y"
    """Which two systems the sides belong to; ``source`` and ``target`` say what each side is."""
    sign: str = "signed"
    """``signed`` or ``absolute``: whether a sign-flipped unit counts as different."""
    per_fold: np.ndarray
    """Value of each fold."""
    per_target: np.ndarray
    """Value of each target unit (q,), NaN where it could not be scored; empty where undefined."""
    in_sample: float = NAN
    """The same fit scored on its own stimuli: optimistic, shown for comparison only."""
    null: float = NAN
    """Mean score of the refitted metric after the target's rows are permuted; of few targets each
    time where the metric scores every target by itself. Where held-out rows leave no doubt, and
    with ``fits="kept"``, as ``compare`` asks for controls: the mean over every order of the
    held-out stimuli, nothing refitted."""
    p_value: float = NAN
    """(1 + #{drawn >= observed}) / (1 + draws); never 0. Drawn are refits with permuted rows, or
    permuted held-out rows (``stats.Permutations``)."""
    low: float = NAN
    """Lower end of the interval of the value; NaN where there is none."""
    high: float = NAN
    """Upper end of the interval of the value; NaN where there is none."""
    level: float = 0.95
    """Confidence level of ``[low, high]``, for as many other stimuli, what was fitted held fixed.

    It covers the score expected of so many stimuli, not the value that more of them would
    approach: ridge of 150 stimuli covers the first 97 % of the time, the second 61 %."""
    coverage: float = 1.0
    """Fraction of the target units given that were scored."""
    value_over_all: float = NAN
    """The value when target units that could not be scored count as 0."""
    n_source: int = 0
    """Units of the source."""
    n_target: int = 0
    """Units of the target."""
    ceiling: float = NAN
    """Best value that noise allows, from repeats: the mean over reliable targets."""
    ceiling_over_all: float = NAN
    """The same over all scored targets, reliable or not."""
    ceiling_per_target: np.ndarray = field(default_factory=lambda: np.empty(0))
    """(q,) best score of each target; NaN where it was not scored, or is not reliable enough."""
    order: str = "exchangeable"
    """How the order of the stimuli was taken: ``exchangeable``; ``time``, contiguous folds and a
    null of rotations; ``drift`` and ``period``, the same, but both sides drift, or hold one
    period, and there is no p-value; ``ignored``, both sides depend on order, and the requested
    folds split neighbours: no p-value."""
    fold_gap: int = 0
    """Stimuli left out at each boundary between contiguous folds."""
    shuffled: float = NAN
    """The value with shuffled folds, where stimuli were found to follow each other in time and
    the caller had not said so: the right value if rows are only sorted by kind."""
    nuisance: int = 0
    """Regressors partialled out of both sides on other folds' stimuli."""
    matching: np.ndarray | None = None
    """(q,) source unit matched to each target on all stimuli, -1 where none."""
    gap: float = NAN
    """Certificate of the solver (0: proven optimal); NaN where nothing is solved."""
    leading: int | None = None
    """Leading source units that predict, where they were chosen: the median over targets and
    folds."""
    seed: int | None = None
    """Seed of the dictionaries behind the two sides, set by ``compare``."""
    influence: np.ndarray = field(default_factory=lambda: np.empty(0))
    """(n,) what the value loses when each stimulus is deleted, or (n_blocks,) each block."""
    replicates: np.ndarray
    """(B,) draws of the value; those of two scores with one ``rng`` are paired."""
    warnings: tuple[str, ...] = ()
    """What voids or weakens the score, in sentences."""

    def __repr__(self) -> str:
        return (
            f"Score({self.metric} {self.source}->{self.target} = {self.value:.3f} "
            f"[{self.low:.3f}, {self.high:.3f}], null {self.null:.3f}, "
            f"coverage {self.coverage:.2f}{self._in_time()})"
        )

    def _in_time(self) -> str:
        if self.order == "exchangeable":
            return ""
        mixed = "" if np.isnan(self.shuffled) else f", {self.shuffled:.3f} with shuffled folds"
        return f", order: {self.order}{mixed}"

    def __float__(self) -> float:
        return float(self.value)

    def __format__(self, spec: str) -> str:
        """Format the value as a number is; without a format, the whole score."""
        return format(float(self.value), spec) if spec else repr(self)

    def _repr_html_(self) -> str:
        sides = f"{self.metric}: {self.source} -> {self.target}"
        return card(sides, [
            ("value", f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"),
            ("null", self.null), ("p", self.p_value), ("in sample", self.in_sample),
            ("coverage", self.coverage), ("ceiling", self.ceiling), ("stimuli", self.n),
        ])  # fmt: skip

    @property
    def excluded(self) -> int:
        """Scored targets that the ceiling leaves out, their reliability being below the floor."""
        if not len(self.ceiling_per_target):
            return 0
        return int((~np.isnan(self.per_target) & np.isnan(self.ceiling_per_target)).sum())

    @property
    def normalised(self) -> float:
        """Mean score of the reliable targets over their mean ceiling; NaN without repeats.

        1 for a model that is right but for noise; ``value`` stays raw.
        """
        reliable = ~np.isnan(self.ceiling_per_target)
        if not reliable.any():
            return NAN
        best = float(self.ceiling_per_target[reliable].mean())
        return float(self.per_target[reliable].mean()) / best

    @property
    def normalised_over_all(self) -> float:
        """Mean score of all scored targets over their mean ceiling; NaN without repeats.

        Where most units are hardly reliable, those above the floor are there by chance, and
        ``normalised`` is too low: .8 for a perfect model of units of reliability .11.
        """
        scored = ~np.isnan(self.per_target)
        if not self.ceiling_over_all > 0 or not scored.any():
            return NAN
        return float(self.per_target[scored].mean()) / self.ceiling_over_all

    def named(
        self, source: str, target: str, systems: str = "x->y", seed: int | None = None
    ) -> Self:
        """Return the score with its two sides and their systems named.

        Parameters
        ----------
        source, target : str
            Such as ``base`` or ``codes``.
        systems : str
            The two systems, such as ``"x->y"``.
        seed : int, optional
            Seed of the dictionaries.

        Returns
        -------
        Score
            A copy; this one is unchanged.
        """
        return replace(self, source=source, target=target, systems=systems, seed=seed)

    def record(self) -> dict[str, Any]:
        """Return the flat record that ``result.json`` and ``--json`` hold; NaN becomes None."""
        fields = {name: getattr(self, name) for name in _RECORD}
        return {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in fields.items()
        }


_RECORD = (
    "metric", "protocol", "source", "target", "systems", "value", "in_sample", "null", "p_value",
    "low", "high", "level", "coverage", "value_over_all", "ceiling", "normalised",
    "ceiling_over_all", "normalised_over_all", "excluded", "nuisance", "seed", "n", "n_source",
    "n_target", "leading", "sign", "gap", "order", "fold_gap", "shuffled",
)  # fmt: skip
