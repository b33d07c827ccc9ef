"""The answer of an evaluation: every score of every side, contrasts, verdict, provenance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import special

from unbraid.errors import InputError
from unbraid.evaluation._baselines import TITLES
from unbraid.evaluation._config import EvaluateConfig
from unbraid.evaluation._measures import MEASURES
from unbraid.interpret import UnitScores, score_difference
from unbraid.responses import Codes, Responses
from unbraid.sparse import Dictionary
from unbraid.stats import Interval

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SideScore:
    """One measure of one side, over the dictionary seeds where there are several."""

    side: str
    """``base``, ``codes`` or a baseline's name."""
    measure: str
    seeds: tuple[UnitScores, ...]
    """Scores unit by unit, one a seed."""

    def __repr__(self) -> str:
        at = self.interval
        return (
            f"SideScore({self.side} {self.measure} {self.value:.3f} [{at.low:.3f}, {at.high:.3f}])"
        )

    @property
    def value(self) -> float:
        """Mean over units, and over seeds."""
        return float(np.mean([scores.value for scores in self.seeds]))

    @property
    def spread(self) -> float:
        """Standard deviation over dictionary seeds; NaN where there is one."""
        values = [scores.value for scores in self.seeds]
        return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")

    @property
    def interval(self) -> Interval:
        """For other stimuli, other units, and other seeds where there are several."""
        first = self.seeds[0]
        half = (first.interval.high - first.interval.low) / 2
        low, high = _with_seeds(self.value, half, [s.value for s in self.seeds], first.level)
        return Interval(max(low, first.lowest), min(high, first.highest), first.level)

    @property
    def chance(self) -> float:
        """Mean chance level."""
        return float(np.mean([scores.mean_chance for scores in self.seeds]))

    @property
    def coverage(self) -> float:
        """Share of the units that could be scored."""
        return float(np.mean([scores.coverage for scores in self.seeds]))

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        at = self.interval
        return {
            **self.seeds[0].record(),
            "measure": self.measure,
            "side": self.side,
            "value": _plain(self.value),
            "low": _plain(at.low),
            "high": _plain(at.high),
            "seeds": len(self.seeds),
            "spread_over_seeds": _plain(self.spread),
        }


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """By how much the codes exceed another side in one measure."""

    measure: str
    side: str
    value: float
    low: float
    high: float

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        return {name: _plain(value) for name, value in vars(self).items()}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the evaluation found, in one sentence that a baseline can overturn."""

    tone: str
    """``gain``, ``no gain``, ``explained by a control`` or ``cannot help``."""
    sentence: str
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation:
    """How interpretable the units, the codes and the baselines of one system are."""

    config: EvaluateConfig
    scores: tuple[SideScore, ...]
    contrasts: tuple[Contrast, ...]
    verdict: Verdict
    warnings: tuple[str, ...]
    dictionaries: tuple[Dictionary, ...]
    codes: Codes
    """Codes of the scored stimuli under the first dictionary."""
    latents: np.ndarray
    """Columns of the codes that were scored."""
    responses: Responses
    """The scored stimuli's responses."""
    rows: np.ndarray
    """Their rows in the responses given."""
    n_train: int
    provenance: dict[str, Any]

    def __repr__(self) -> str:
        return f"Evaluation({len(self.scores)} scores: {self.verdict.sentence})"

    @property
    def headline(self) -> str:
        """The measure that the verdict is about."""
        return self.scores[0].measure

    @property
    def measures(self) -> tuple[str, ...]:
        """The measures that were run."""
        return tuple(dict.fromkeys(score.measure for score in self.scores))

    @property
    def sides(self) -> tuple[str, ...]:
        """What was scored: the units, the codes and the baselines."""
        return tuple(dict.fromkeys(score.side for score in self.scores))

    def find(self, side: str, measure: str | None = None) -> SideScore:
        """Return one side's score; of the headline where no measure is named."""
        wanted = self.headline if measure is None else measure
        for score in self.scores:
            if (score.side, score.measure) == (side, wanted):
                return score
        raise InputError(
            f"There is no {wanted!r} of {side!r}; sides are {', '.join(self.sides)}, measures "
            f"{', '.join(self.measures)}."
        )

    def table(self) -> pd.DataFrame:
        """Return one row a score."""
        import pandas as pd

        skipped = ("not_scored", "n", "judge")
        rows = [{k: v for k, v in s.record().items() if k not in skipped} for s in self.scores]
        first = ["side", "measure", "value", "low", "high", "chance"]
        frame = pd.DataFrame(rows)
        return frame[[*first, *(name for name in frame.columns if name not in first)]]

    def units(self) -> pd.DataFrame:
        """Return one row a scored latent of the first dictionary: every measure of units."""
        import pandas as pd

        of_units = [s for s in self.scores if s.side == "codes" and s.seeds[0].of == "units"]
        columns: dict[str, Any] = {}
        for score in of_units:
            found = score.seeds[0]
            columns[score.measure] = found.values
            columns[f"{score.measure}_low"] = found.low
            columns[f"{score.measure}_high"] = found.high
        active = np.bincount(self.codes.indices, minlength=self.codes.shape[1])
        columns["active"] = active[self.latents]
        return pd.DataFrame(columns, index=pd.Index(self.latents, name="latent"))

    def record(self) -> dict[str, Any]:
        """Return everything but arrays, as plain JSON data."""
        return {
            "verdict": {
                "tone": self.verdict.tone,
                "sentence": self.verdict.sentence,
                "reasons": list(self.verdict.reasons),
            },
            "warnings": list(self.warnings),
            "scores": [score.record() for score in self.scores],
            "contrasts": [contrast.record() for contrast in self.contrasts],
            "dictionaries": [
                {
                    "method": each.method.describe(),
                    "n_latents": each.n_latents,
                    **{k: _plain(v) for k, v in vars(each.evidence).items() if _is_number(v)},
                }
                for each in self.dictionaries
            ],
            "n_scored_stimuli": len(self.rows),
            "n_train": self.n_train,
            "provenance": self.provenance,
        }

    def save(self, folder: str | Path, *, overwrite: bool = False, pictures: Any = None) -> Path:
        """Write config.json, result.json, units.csv, arrays.safetensors and report.html.

        Parameters
        ----------
        folder : path
            Must not exist, unless ``overwrite``.
        pictures : array of shape (n, height, width[, 3]), uint8, optional
            The stimuli given to ``evaluate``, in the order of ``x``.
        """
        from unbraid.evaluation._save import save

        return save(self, Path(folder), overwrite=overwrite, pictures=pictures)


def contrast(codes: SideScore, other: SideScore) -> Contrast:
    """Return the difference, for other stimuli, units and seeds."""
    first = score_difference(codes.seeds[0], other.seeds[0])
    values = [scores.value - other.seeds[i % len(other.seeds)].value
              for i, scores in enumerate(codes.seeds)]  # fmt: skip
    value = codes.value - other.value
    low, high = _with_seeds(value, (first.high - first.low) / 2, values, first.level)
    return Contrast(measure=codes.measure, side=other.side, value=value, low=low, high=high)


def title_of(name: str) -> str:
    """Return what a side or a measure is called on pages and in sentences."""
    return TITLES[name] if name in TITLES else MEASURES[name].title


def _with_seeds(
    value: float, half: float, values: list[float], level: float
) -> tuple[float, float]:
    """Return an interval that a spread over seeds widens (Welch and Satterthwaite)."""
    count = len(values)
    if count < 2 or not np.isfinite(half):
        return value - half, value + half
    freedom = 19
    own = (half / special.stdtrit(freedom, (1 + level) / 2)) ** 2
    seeds = np.var(values, ddof=1) / count
    both = own + seeds
    if both <= 0:
        return value, value
    joint = both**2 / (own**2 / freedom + seeds**2 / (count - 1))
    reach = float(special.stdtrit(joint, (1 + level) / 2) * np.sqrt(both))
    return value - reach, value + reach


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) or value is None


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if not np.isfinite(value) else float(value)
    return value.item() if isinstance(value, np.integer) else value
