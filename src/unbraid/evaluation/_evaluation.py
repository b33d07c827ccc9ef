"""The answer of an evaluation: every score of every side, contrasts, verdict, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid._answers import Verdict, plain
from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.evaluation._config import EvaluateConfig
from unbraid.evaluation._page import score_figure
from unbraid.evaluation._save import save
from unbraid.evaluation._side_score import BaselineContrast, SideScore
from unbraid.report import draw_on
from unbraid.responses import Codes, Responses
from unbraid.sparse import Dictionary

if TYPE_CHECKING:
    import pandas as pd


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation:
    """How interpretable the units, the codes and the baselines of one system are."""

    config: EvaluateConfig
    """Options that it was made with."""
    scores: tuple[SideScore, ...]
    """Every measure of every side."""
    contrasts: tuple[BaselineContrast, ...]
    """By how much the codes exceed each other side, with intervals."""
    verdict: Verdict
    """The answer in one sentence, and its tone."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, most serious first."""
    dictionaries: tuple[Dictionary, ...]
    """The dictionaries judged, one per seed."""
    codes: Codes
    """Codes of the scored stimuli under the first dictionary."""
    latents: np.ndarray
    """Columns of the codes that were scored."""
    responses: Responses
    """The scored stimuli's responses."""
    rows: np.ndarray
    """Their rows in the responses given."""
    n_train: int
    """Stimuli that the baselines (and dictionaries) learned from."""
    provenance: dict[str, Any]
    """Versions, machine, seed, time and hashes of what was given."""

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
        """Return one side's score; of the headline where no measure is named.

        Parameters
        ----------
        side : str
            One of ``sides``.
        measure : str, optional
            One of ``measures``; by default the headline's.

        Returns
        -------
        SideScore
            The score over all seeds.

        Raises
        ------
        InputError
            A side or a measure that the evaluation does not have.
        """
        wanted = self.headline if measure is None else measure
        for score in self.scores:
            if (score.side, score.measure) == (side, wanted):
                return score
        raise InputError(
            f"There is no {wanted!r} of {side!r}; sides are {', '.join(self.sides)}, measures "
            f"{', '.join(self.measures)}."
        )

    def table(self) -> pd.DataFrame:
        """Return one row per score."""
        import pandas as pd

        skipped = ("not_scored", "n", "judge")
        rows = [{k: v for k, v in s.record().items() if k not in skipped} for s in self.scores]
        first = ["side", "measure", "value", "low", "high", "chance"]
        frame = pd.DataFrame(rows)
        return frame[[*first, *(name for name in frame.columns if name not in first)]]

    def units(self) -> pd.DataFrame:
        """Return one row per scored latent of the first dictionary: every measure of units."""
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

    def plot(self, measure: str | None = None, *, axes: Any = None) -> Any:
        """Draw one measure of the units, the codes and every baseline, as the page does.

        Parameters
        ----------
        measure : str, optional
            Default: the headline's.
        axes : matplotlib Axes, optional
            Default: those of a new figure.

        Returns
        -------
        matplotlib Axes
            With what was drawn, for further changes.

        Raises
        ------
        InputError
            A measure that was not taken; matplotlib is not installed.
        """
        measure = measure or self.headline
        if measure not in self.measures:
            raise InputError(f"{measure} was not measured; there are {', '.join(self.measures)}.")
        return draw_on(score_figure(self, [measure], measure), axes)

    def record(self) -> dict[str, Any]:
        """Return everything but arrays, as plain JSON data."""
        return {
            "verdict": self.verdict.record(),
            "warnings": list(self.warnings),
            "scores": [score.record() for score in self.scores],
            "contrasts": [contrast.record() for contrast in self.contrasts],
            "dictionaries": [
                {
                    "method": each.method.describe(),
                    "n_latents": each.n_latents,
                    **{k: plain(v) for k, v in vars(each.evidence).items() if _is_number(v)},
                }
                for each in self.dictionaries
            ],
            "n_scored_stimuli": len(self.rows),
            "n_train": self.n_train,
            "provenance": self.provenance,
        }

    def save(
        self,
        folder: str | Path,
        *,
        overwrite: bool = False,
        pictures: Any = None,
        tokens: Any = None,
        parts: Any = None,
        beside: Mapping[str, str] | None = None,
        browser: bool = True,
    ) -> Path:
        """Write config.json, result.json, units.csv, arrays.safetensors, report.html and browser/.

        Parameters
        ----------
        folder : path
            Must not exist, unless ``overwrite``.
        overwrite : bool
            Whether an earlier run there is replaced.
        pictures : array of shape (n, height, width[, 3]), uint8; path or Images, optional
            The stimuli given to ``evaluate``, in the order of ``x``; or a folder or zip of them,
            matched by id.
        tokens : mapping of text id to list of str, list of lists, or path of JSON, optional
            Of texts, where rows are their tokens; see ``Comparison.save``.
        parts : Responses, optional
            Of the same layer, recorded by ``Positions()``: which part of a stimulus drives a
            latent. Without them the trials of ``x``, where it has repeats.
        beside : mapping of file name to text, optional
            Written with the rest.
        browser : bool
            Whether to write ``browser/``, in which a person looks at single latents.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        InputError
            The folder exists; the disk is full; the pictures do not fit the stimuli.
        """
        path = Path(folder)
        return save(
            self,
            path,
            overwrite=overwrite,
            pictures=pictures,
            tokens=tokens,
            parts=parts,
            beside=beside,
            browsed=browser,
        )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) or value is None
