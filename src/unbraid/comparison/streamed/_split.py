"""Which rows are learned from, which are scored, and in which fold and group: as in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._order import TimeLine, time_line
from unbraid.comparison._split import FEWEST, as_groups, folds_of, learning_rows, wholes_of
from unbraid.comparison.streamed._systems import RowSource
from unbraid.errors import InputError
from unbraid.responses import Responses, in_rows_of
from unbraid.stats import rows_to_test

_SAMPLED = 2**23  # of a sample: 64 MiB in double precision
_SAMPLE_LEAST = 2048  # stimuli of a sample: what a rotation is fitted on
_SAMPLE_MOST = 65_536  # what Auto takes
_SHOWN = 4096  # scored stimuli whose codes are kept: a share of the variance to a hundredth


@dataclass(frozen=True, eq=False, kw_only=True)
class RowSplit:
    """Numbers of rows, and the folds of those that are scored."""

    learned: np.ndarray
    """Rows that dictionaries learn from; where none is set apart, those scored."""
    rows: np.ndarray
    """Rows that are scored."""
    folds: stats.Folds
    line: TimeLine
    groups: np.ndarray | None
    """Group of each scored row."""
    wholes: int
    """Stimuli that the scored rows are parts of; 0 where rows are not."""
    apart: bool

    def shown(self, rng: np.random.Generator) -> np.ndarray:
        """Return the places, among those scored, of the rows whose codes are kept."""
        return drawn(np.arange(len(self.rows)), _SHOWN, rng)

    def labels(self, n: int, group: np.ndarray) -> np.ndarray:
        """Return the group of each of all rows, -1 where it is not scored."""
        found = np.full(n, -1, dtype=np.int16)
        found[self.rows] = group
        return found


def split_rows(
    x: RowSource, y: RowSource, groups: Any, config: CompareConfig, rng: np.random.Generator,
    *, learns: bool,
) -> RowSplit:  # fmt: skip
    """Set training stimuli apart from alignment stimuli, by the draws that ``compare`` makes."""
    n = len(x)
    groups = as_groups(in_rows_of(x.stimuli, groups, "groups"), n)
    named: Any = x
    wholes = wholes_of(named, config) if groups is None else None
    groups = groups if wholes is None else wholes
    apart = learns or config.train_share is not None
    line = _line(x, y, groups, config)
    rows = np.arange(n)
    if apart:
        learn = learning_rows(n, groups, config, line, rng)
        rows, learned = np.flatnonzero(~learn), np.flatnonzero(learn)
    if len(rows) < FEWEST:
        raise InputError(
            f"A comparison needs at least {FEWEST} alignment stimuli, got {len(rows)} of {n}; give "
            "more stimuli."
        )
    own = None if groups is None else groups[rows]
    folds = folds_of(len(rows), own, config, line, rng)
    return RowSplit(
        learned=learned if apart else rows, rows=rows, folds=folds, line=line, groups=own,
        wholes=0 if wholes is None else len(np.unique(wholes[rows])), apart=apart,
    )  # fmt: skip


def sample_of(rows: np.ndarray, p: int, rng: np.random.Generator) -> np.ndarray:
    """Return as many of the rows as 2^23 numbers of p units hold, within 2,048 to 65,536."""
    return drawn(rows, min(_SAMPLE_MOST, max(_SAMPLE_LEAST, _SAMPLED // p)), rng)


def drawn(rows: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Return rows drawn at random, in their order; all where they are few."""
    return rows if len(rows) <= most else np.sort(rng.choice(rows, most, replace=False))


def _line(x: RowSource, y: RowSource, groups: np.ndarray | None, config: CompareConfig) -> TimeLine:
    """Find out from a few runs of neighbours whether stimuli follow each other in time."""
    rows = rows_to_test(len(x), max(x.shape[1], y.shape[1]))
    one, other = (Responses(side.take(rows).toarray()) for side in (x, y))
    line = time_line(one, other, None if groups is None else groups[rows], config)
    if line.contiguous:
        raise InputError(
            "x and y depend on their order in time on both sides, and a comparison on workers "
            'takes stimuli in any order: say order="exchangeable" if rows are only sorted by '
            "kind, name what belongs together in groups, or give some rows without on: "
            "store.read(rows)."
        )
    return line
