"""Training stimuli for the dictionaries, alignment stimuli for the scores; never the same ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unbraid import stats
from unbraid.comparison._config import CompareConfig
from unbraid.comparison._order import TimeLine, time_line
from unbraid.errors import InputError
from unbraid.responses import Responses, as_responses, as_training, in_rows_of, pair, parts_of
from unbraid.responses._looks import check_no_rdm
from unbraid.stats._folds import names_of_groups

_SHARE = 0.5  # of the stimuli that dictionaries learn from, unless said otherwise
_FEWEST_FOLDS = 3  # ridge chooses its penalty on inner ones
FEWEST = 10  # with fewer alignment stimuli no fold can be scored


@dataclass(frozen=True, eq=False, kw_only=True)
class Split:
    """Responses to learn from and responses to score on, with the folds of the latter."""

    x_train: Responses
    y_train: Responses
    x: Responses
    y: Responses
    folds: stats.Folds
    rows: np.ndarray
    """Rows of the responses given (in the order of ``x``) that are scored."""
    learned: np.ndarray
    """Rows of the responses given that dictionaries learn from; empty where these were given
    separately."""
    line: TimeLine
    """Whether the stimuli follow each other in time."""
    apart: bool = True
    """Whether training stimuli are others than the alignment stimuli; false where only controls
    are learned and no training responses were given."""
    mixed: stats.Folds | None = None
    """Shuffled folds, where stimuli were found to follow each other in time (nobody had said
    so)."""
    groups: np.ndarray | None = None
    """Group of each alignment stimulus; None where each is its own."""
    wholes: int = 0
    """Stimuli that the alignment rows are parts of, which are kept whole; 0 where rows are not."""


def split(
    x: Any,
    y: Any,
    x_train: Any,
    y_train: Any,
    groups: Any,
    config: CompareConfig,
    rng: np.random.Generator,
    *,
    learns: bool = True,
) -> Split:
    """Pair the systems and set training stimuli apart from alignment stimuli.

    ``learns``: whether dictionaries are learned. Where they are given, all stimuli are scored,
    unless responses to learn from or ``train_share`` are given for the controls.
    """
    x, y = pair(x, y)
    for name, side in (("x", x), ("y", y)):
        check_no_rdm(side, name)
    if config.protocol != "unbraid" and (groups is not None or config.fold_kind == "contiguous"):
        raise InputError(
            f"protocol {config.protocol} fixes its folds (shuffled); groups and contiguous folds "
            "need protocol='unbraid'."
        )
    groups = as_groups(in_rows_of(x.stimuli, groups, "groups"), len(x))
    wholes = wholes_of(x, config) if groups is None else None
    groups = groups if wholes is None else wholes
    if (x_train is None) != (y_train is None):
        raise InputError("x_train and y_train go together: give both or neither.")
    apart = learns or x_train is not None or config.train_share is not None
    line = time_line(x, y, groups, config, own=x_train is not None or not apart)
    learned = np.empty(0, dtype=np.intp)
    if not apart:
        rows = np.arange(len(x))
    elif x_train is None:
        learn = learning_rows(len(x), groups, config, line, rng)
        rows, learned = np.flatnonzero(~learn), np.flatnonzero(learn)
        if line.contiguous:
            rows = rows[min(line.found.reach, len(rows) // 4) :]
        x_train, y_train = x.take(learn), y.take(learn)
    else:
        x_train, y_train = as_responses(x_train, "x_train"), as_responses(y_train, "y_train")
        x_train, y_train = as_training(x_train, x, "x"), as_training(y_train, y, "y")
        rows = np.arange(len(x))
    if len(rows) < FEWEST:
        raise InputError(
            f"A comparison needs at least {FEWEST} alignment stimuli, got {len(rows)} of "
            f"{len(x)}; give more stimuli, or training responses of their own."
        )
    line = line.drifting(x.take(rows), y.take(rows))
    folds = folds_of(len(rows), None if groups is None else groups[rows], config, line, rng)
    if line.contiguous:
        line = replace(line, gap=(len(rows) - len(folds.used)) // max(folds.n_folds - 1, 1))
    rows, folds = rows[folds.used], folds.of(folds.used)
    mixed = None
    if line.contiguous and not line.asked:
        mixed = stats.shuffled_folds(len(rows), config.folds, rng)
    return Split(
        x_train=x_train if apart else x.take(rows),
        y_train=y_train if apart else y.take(rows),
        x=x.take(rows),
        y=y.take(rows),
        folds=folds,
        rows=rows,
        learned=learned,
        line=line,
        apart=apart,
        mixed=mixed,
        groups=None if groups is None else groups[rows],
        wholes=0 if wholes is None else len(np.unique(wholes[rows])),
    )


def wholes_of(x: Responses, config: CompareConfig) -> np.ndarray | None:
    """Return the stimulus that each row is a part of, where there are enough to split by them."""
    parts = parts_of(x.stimuli)
    if parts is None or config.protocol != "unbraid" or config.fold_kind == "contiguous":
        return None
    return parts.names[parts.whole] if len(parts.names) >= 4 * config.folds else None


def learning_rows(
    n: int,
    groups: np.ndarray | None,
    config: CompareConfig,
    line: TimeLine,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the mask of stimuli that the dictionaries learn from; groups are kept whole."""
    n_learn = round((config.train_share or _SHARE) * n)
    if groups is not None:
        names, sizes = np.unique(groups, return_counts=True)
        order = rng.permutation(len(names))
        n_groups = int(np.searchsorted(np.cumsum(sizes[order]), n_learn)) + 1
        left = len(names) - n_groups
        if left < config.folds:
            raise InputError(_too_few_groups(np.cumsum(sizes[order]), n, left, config.folds))
        return np.isin(groups, names[order[:n_groups]])
    learn = np.zeros(n, dtype=bool)
    in_order = line.contiguous or config.fold_kind == "contiguous"
    learn[np.arange(n_learn) if in_order else rng.permutation(n)[:n_learn]] = True
    return learn


def _too_few_groups(ends: np.ndarray, n: int, left: int, folds: int) -> str:
    """Say which share of learning and how many folds the groups allow; ``ends`` in their order."""
    problem = (
        f"groups must leave one for each of the {folds} folds after those that dictionaries learn "
        f"from, got {len(ends)} groups, of which {left} are left. "
    )
    if len(ends) <= _FEWEST_FOLDS:
        return f"{problem}Give at least {_FEWEST_FOLDS + 1} groups, or training responses apart."
    fewer = min(folds, len(ends) - 1)
    share = math.floor(1000 * ends[len(ends) - fewer - 1] / n) / 1000
    return f"{problem}Pass train_share={share:g} and folds={fewer}, or give more groups."


def folds_of(
    n: int,
    groups: np.ndarray | None,
    config: CompareConfig,
    line: TimeLine,
    rng: np.random.Generator,
) -> stats.Folds:
    if groups is not None:
        return stats.grouped_folds(groups, config.folds, rng)
    if line.contiguous:
        return line.found.folds(n, config.folds)
    if config.fold_kind == "contiguous":
        return stats.contiguous_folds(n, config.folds)
    return stats.shuffled_folds(n, config.folds, rng)


def as_groups(groups: Any, n: int) -> np.ndarray | None:
    if groups is None:
        return None
    array = names_of_groups(groups)
    if array.shape != (n,):
        raise InputError(
            f"groups must name the group of each of the {n} stimuli, got {array.shape}."
        )
    return array.astype(str)
