"""The answer of the main job: every score, the differences, the verdict, and what made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid._answers import Verdict, packed, warned, write_answer
from unbraid._documented import documented_answer
from unbraid._notebook import card
from unbraid.align import Score
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._record import record_of
from unbraid.comparison._saved import KIND, LAYOUT
from unbraid.comparison.browser._browser import browser_files
from unbraid.comparison.dictionaries._system import Lifted, Pair, forward, side_of, targets
from unbraid.comparison.page._figures import score_figure
from unbraid.comparison.page._page import page
from unbraid.comparison.scores._answer import Change
from unbraid.comparison.scores._matched import RATE, rows_of, summary_of
from unbraid.comparison.scores._table import table_of
from unbraid.comparison.streamed._answer import Streamed
from unbraid.comparison.verdict._predict import Prediction
from unbraid.errors import InputError
from unbraid.interpret import UnitScores
from unbraid.report import draw_on, render
from unbraid.sparse import Correspondence

if TYPE_CHECKING:
    import pandas as pd


@documented_answer
@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Comparison:
    """Alignment of two systems before and after unbraiding, with controls and certainty."""

    config: CompareConfig
    """Options that it was made with."""
    scores: tuple[Score, ...]
    """Every score: base units, codes and controls, one for each metric, direction and seed."""
    changes: tuple[Change, ...]
    """Paired differences of scores, with intervals."""
    verdict: Verdict
    """The answer in one sentence, and its tone."""
    warnings: tuple[str, ...]
    """What voids or weakens the answer, most serious first."""
    lifted: tuple[Pair, ...]
    """Dictionaries and codes of ``x`` and ``y``, one pair per seed; None for a system without."""
    names: tuple[str, str]
    """What the report calls the two systems."""
    stimuli: np.ndarray
    """Ids of the alignment stimuli, in the order of the codes' rows; where ``streamed``, of those
    that are shown."""
    rows: np.ndarray
    """Their rows in the responses given."""
    predictions: tuple[Prediction, ...]
    """What theory expects of the scores, where the features of the training stimuli are known."""
    feature_names: tuple[str, ...]
    """Names of the true features; empty where they are not known."""
    n_train: tuple[int, int]
    """Stimuli that the dictionaries of ``x`` and of ``y`` learned from."""
    n_units: tuple[int, int]
    """Units of ``x`` and of ``y``."""
    provenance: dict[str, Any]
    """Versions, machine, seed, time and hashes of what was given."""
    correspondences: tuple[Correspondence, ...] = ()
    """Where both sides are one system: which latents are shared, split or absorbed, one per
    seed."""
    interpretability: tuple[UnitScores | None, UnitScores | None] = (None, None)
    """How interpretable each latent of the first seed's dictionaries is, of ``x`` and of ``y``:
    ``interpret.intrusion`` by the other system's units or by the judge given; None without
    either, or with too many codes to rank (2^28)."""
    groups: np.ndarray | None = None
    """Group of each alignment stimulus: those given, or the stimulus that a row is a part of."""

    streamed: Streamed | None = None
    """How it was computed from moments (``on=``), and what it lacks; None for those in memory."""

    def __repr__(self) -> str:
        return f"Comparison({len(self.scores)} scores: {self.verdict.sentence})"

    @property
    def n_scored(self) -> int:
        """Number of alignment stimuli."""
        return len(self.rows) if self.streamed is None else self.streamed.n

    @property
    def answered(self) -> bool:
        """Whether the headline metric could be scored before and after unbraiding."""
        headline = [c for c in self.changes if c.metric == self.config.scored[0]]
        return bool(headline) and bool(np.isfinite(headline[0].value))

    def with_warnings(self, lines: Iterable[str]) -> Comparison:
        """Return the same with more warnings; the verdict begins with what would void it."""
        verdict, said = warned(self.verdict, self.warnings, lines)
        return replace(self, warnings=said, verdict=verdict)

    @property
    def forward(self) -> str:
        """Direction in which codes are a source: ``y->x`` where only y has a dictionary."""
        return forward(self.lifted)

    @property
    def targets(self) -> tuple[str, ...]:
        """What codes are compared with, the headline's first: codes, then units, or units alone."""
        return targets(self.lifted)

    def of_side(self, side: int) -> list[Lifted]:
        """Return one system's (0 or 1) dictionaries and codes, one per seed; may be empty.

        Parameters
        ----------
        side : {0, 1}
            The first or the second system.

        Returns
        -------
        list of Lifted
            One per seed.
        """
        return side_of(self.lifted, side)

    def find(self, metric: str, source: str, target: str, systems: str = "") -> tuple[Score, ...]:
        """Return the scores of one kind, one per seed; by default of ``forward``.

        Parameters
        ----------
        metric, source, target : str
            Such as ``"ridge", "codes", "base"``.
        systems : str, optional
            Such as ``"y->x"``.

        Returns
        -------
        tuple of Score
            May be empty.
        """
        wanted = (metric, source, target, systems or self.forward)
        return tuple(s for s in self.scores if (s.metric, s.source, s.target, s.systems) == wanted)

    def table(self, full: bool = False) -> pd.DataFrame:
        """Return one row per score.

        Parameters
        ----------
        full : bool
            Whether every field of a score's record is a column; otherwise the main ones.

        Returns
        -------
        DataFrame
            NaN where a score has no such number.
        """
        return table_of(self.scores, full)

    def matched(self, rate: float = RATE, top: int = 6) -> pd.DataFrame:
        """Return one row per matched pair of latents of the first seed, the best first.

        Parameters
        ----------
        rate : float
            False discovery rate at which a pair is ``shared``.
        top : int
            Stimuli to name.

        Returns
        -------
        DataFrame
            ``x`` and ``y``, latents from 0, one row per latent of y; ``r``, held out; its
            ``q_value``; ``shared``: significant, and stable over folds and the other seeds (see
            ``align.shared_pairs``); of both sides ``density``, ``stability`` over seeds,
            ``interpretability`` (see that field), ``label`` where features are known, and ``top``,
            ids of the stimuli that excite it most. Of two dictionaries of one system also ``kind``
            of both (``sparse.correspondence``); all latents, matched or not, are in
            ``correspondences[0].table()``.

        Raises
        ------
        InputError
            A system that was compared by its units only.
        """
        import pandas as pd

        return pd.DataFrame(rows_of(self, rate, top))

    def summary(self) -> str:
        """Return the answer in at most ten lines: verdict, scores, dictionaries, first warning."""
        return summary_of(self)

    def check_scored(self, metric: str, where: str = "") -> None:
        """Refuse a metric that was not scored before and after unbraiding."""
        if metric not in self.config.scored or not self.find(metric, "base", "base"):
            raise InputError(
                f"{metric} was not scored{where}; there are {', '.join(self.config.scored)}."
            )

    def plot(
        self, metric: str | None = None, *, target: str | None = None, axes: Any = None
    ) -> Any:
        """Draw one metric before, after and under control, as the page does.

        Parameters
        ----------
        metric : str, optional
            Default: the headline's.
        target : {"codes", "base"}, optional
            What codes are compared with. Default: the headline's.
        axes : matplotlib Axes, optional
            Default: those of a new figure.

        Returns
        -------
        matplotlib Axes
            More figures: ``ub.plot``.

        Raises
        ------
        InputError
            A metric that was not scored; matplotlib is not installed.
        """
        metric = metric or self.config.scored[0]
        self.check_scored(metric)
        target = target or self.targets[0]
        if target not in self.targets:
            raise InputError(f"target must be {' or '.join(self.targets)}, got {target!r}.")
        return draw_on(score_figure(self, target, [metric], metric), axes)

    def _repr_html_(self) -> str:
        lines = self.summary().splitlines()
        return card(lines[0], [("" if i else self.verdict.tone, line)
                               for i, line in enumerate(lines[1:])])  # fmt: skip

    def record(self) -> dict[str, Any]:
        """Return everything but arrays, as plain JSON data."""
        return record_of(self)

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
        """Write config.json, result.json, arrays.safetensors, report.html and browser/.

        Whole or not at all.

        Parameters
        ----------
        folder : path
            Must not exist, unless ``overwrite``.
        overwrite : bool
            Whether an earlier run there is replaced.
        pictures : array of shape (n, height, width[, 3]), uint8; path or Images, optional
            The stimuli given to ``compare``, in the order of ``x``; or a folder or zip of them,
            matched by id. The report shows those that excite matched units.
        tokens : mapping of text id to list of str, list of lists, or path of JSON, optional
            Of texts, where rows are their tokens (``TEXT@NUMBER``, as ``Positions`` gives them):
            the browser shows them, with those marked that excite a latent.
        parts : pair of Responses, optional
            Of ``x`` and of ``y`` (None for one): of the same layer, recorded by ``Positions()``, to
            show which part of a stimulus drives a latent; or with repeats, to show it trial by
            trial. Where rows are parts themselves (``PICTURE@NUMBER``) none are needed.
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
            The folder exists; the disk is full; pictures, tokens or parts of other stimuli.
        """
        files = browser_files(self, pictures, tokens, parts) if browser else {}
        html = render(page(self, pictures, browser=bool(files)))
        config = {**self.config.describe(), "seed": self.provenance["seed"]}
        state, arrays = packed(vars(self), LAYOUT)
        return write_answer(
            Path(folder), config, self.record(), arrays, html, overwrite=overwrite, kind=KIND,
            state=state, beside={**(beside or {}), **files},
        )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """Return every array of the result by where it stands: ``scores.3.per_target``."""
        return packed(vars(self), LAYOUT)[1]
