"""Trials of intrusion: judged by similarity, saved for people, read back."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _folders
from unbraid.errors import InputError
from unbraid.interpret._scores import UnitScores
from unbraid.interpret.judges.judge import Judge, as_judge

_TRIALS, _KEY, _ABOUT = "trials.csv", "key.csv", "about.json"
TRIAL_FILES = (_TRIALS, _KEY, _ABOUT)
"""What ``Trials.write`` writes."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Trials:
    """Stimuli that belong to a unit with one that does not, in random order.

    Parameters
    ----------
    kind : str
        Where the intruders come from: ``external`` or ``internal``.
    unit : array of shape (t,)
        Unit of each trial; -1 for a catch trial, which has an obvious answer.
    items : array of shape (t, k)
        Rows of the stimuli shown, in the order in which they are shown.
    place : array of shape (t,)
        Column of the intruder.
    block : array of shape (t,)
        Which of the unit's disjoint sets of stimuli is shown.
    reasons : tuple of m str
        Why a unit has no trials; empty where it has.
    n : int
        Stimuli that the rows refer to.
    stimuli, names : arrays, optional
        Ids of stimuli (n,) and of units (m,).
    """

    kind: str
    unit: np.ndarray
    items: np.ndarray
    place: np.ndarray
    block: np.ndarray
    reasons: tuple[str, ...]
    n: int
    stimuli: np.ndarray | None = None
    names: np.ndarray | None = None

    def __repr__(self) -> str:
        units = len(np.unique(self.unit[self.unit >= 0]))
        return f"Trials({len(self)} of {self.kind} intrusion, {units} units)"

    def __len__(self) -> int:
        return len(self.unit)

    @property
    def chance(self) -> float:
        """Share of trials that guessing solves."""
        return 1 / self.items.shape[1]

    def judged(self, judge: Any) -> UnitScores:
        """Return the machine's score of each unit; see ``intrusion``."""
        found = self.judge_of(judge)
        real = self.unit >= 0
        answers = found.least_alike(self.items)
        solved = answers[np.arange(len(self)), self.place]
        ratio = np.full(len(self.reasons), np.nan)
        for unit in np.unique(self.unit[real]):
            own = self.unit == unit
            inter, intra = _distances(found, self.items[own], self.place[own])
            if intra > 1e-12:
                ratio[unit] = inter / intra
        return self.scores("intrusion_" + self.kind, solved, found.name, dist_ratio=ratio)

    def scores(
        self, measure: str, solved: np.ndarray, judge: str, **details: np.ndarray
    ) -> UnitScores:
        """Return unit scores from the share (t,) to which each trial was solved; NaN: not asked."""
        m = len(self.reasons)
        values, se = np.full(m, np.nan), np.full(m, np.nan)
        reasons = list(self.reasons)
        asked = np.isfinite(solved)
        for unit in range(m):
            own = (self.unit == unit) & asked
            if not own.any():
                reasons[unit] = reasons[unit] or "not asked"
                continue
            sets = [solved[own & (self.block == b)] for b in np.unique(self.block[own])]
            values[unit] = solved[own].mean()
            if len(sets) > 1:
                spread = np.std([s.mean() for s in sets], ddof=1) / np.sqrt(len(sets))
                se[unit] = spread if spread > 0 else np.nan
        return UnitScores(
            measure=measure,
            values=values,
            se=se,
            chance=np.full(m, self.chance),
            reasons=tuple(reasons),
            n=self.n,
            judge=judge,
            names=self.names,
            details=details,
            freedom=3,
        )

    def save(self, folder: str | Path, *, overwrite: bool = False) -> Path:
        """Write ``trials.csv`` (for people) and ``key.csv`` (not for them), and ``about.json``.

        A row of trials.csv names the stimuli shown; key.csv its unit, set and the intruder's place
        (1 is the first). ``read_trials`` reads the folder.
        """
        path = Path(folder)
        with _folders.writing(path, "intrusion trials", TRIAL_FILES, overwrite=overwrite) as new:
            self.write(new)
        return path

    def write(self, folder: Path) -> None:
        """Write the files of ``save`` into a folder that is being made."""
        for name, text in self.texts().items():
            (folder / name).write_text(text, encoding="utf-8", newline="")

    def texts(self) -> dict[str, str]:
        """Return the files of ``save`` as texts."""
        k = self.items.shape[1]
        shown = self.items if self.stimuli is None else self.stimuli[self.items]
        rows = [["trial", *(f"item_{i + 1}" for i in range(k))]]
        rows += [[str(t + 1), *map(str, row)] for t, row in enumerate(shown)]
        key = [["trial", "unit", "set", "intruder"]]
        key += [
            [str(t + 1), str(u), str(b), str(p + 1)]
            for t, (u, b, p) in enumerate(zip(self.unit, self.block, self.place, strict=True))
        ]
        about = {
            "kind": self.kind,
            "n": self.n,
            "reasons": list(self.reasons),
            "stimuli": None if self.stimuli is None else [str(s) for s in self.stimuli],
            "names": None if self.names is None else [str(s) for s in self.names],
        }
        return {_TRIALS: _csv(rows), _KEY: _csv(key), _ABOUT: json.dumps(about, indent=1)}

    def some(self, trials: np.ndarray) -> Trials:
        """Return these trials alone."""
        return replace(
            self,
            unit=self.unit[trials],
            items=self.items[trials],
            place=self.place[trials],
            block=self.block[trials],
        )

    def judge_of(self, judge: Any) -> Judge:
        """Return the judge of the stimuli that the trials refer to, in their order."""
        found = as_judge(judge)
        if self.stimuli is not None and found.stimuli is not None:
            row = {str(s): i for i, s in enumerate(found.stimuli)}
            missing = [str(s) for s in self.stimuli if str(s) not in row]
            if missing:
                raise InputError(
                    f"judge must describe each stimulus of the trials, got none for {missing[0]!r}."
                )
            return found.take(np.array([row[str(s)] for s in self.stimuli]))
        if len(found) != self.n:
            raise InputError(
                f"judge must describe the {self.n} stimuli of the trials, got {len(found)}."
            )
        return found


def read_trials(folder: str | Path) -> Trials:
    """Read a folder that ``Trials.save`` wrote.

    Parameters
    ----------
    folder : str or Path
        As ``Trials.save`` wrote it.

    Returns
    -------
    Trials
        As they were drawn.

    Raises
    ------
    InputError
        A file is missing, or does not hold what ``save`` writes.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> import unbraid as ub
    >>> drawn = ub.interpret.intrusion_trials(np.eye(4)[np.arange(80) % 4], top=4, trials=2)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = drawn.save(Path(folder) / "trials")
    ...     again = read_trials(Path(folder) / "trials")
    >>> bool((again.items == drawn.items).all())
    True
    """
    path = Path(folder)
    missing = [name for name in TRIAL_FILES if not (path / name).is_file()]
    if missing:
        raise InputError(f"{path} holds no trials: {missing[0]} is missing.")
    try:
        about = json.loads((path / _ABOUT).read_text(encoding="utf-8"))
        shown, key = _read(path / _TRIALS), _read(path / _KEY)
        stimuli = None if about["stimuli"] is None else np.array(about["stimuli"], dtype=str)
        row = None if stimuli is None else {str(s): i for i, s in enumerate(stimuli)}
        items = [[int(cell) if row is None else row[cell] for cell in line[1:]] for line in shown]
        numbers = np.array([[int(cell) for cell in line] for line in key])
        if len(shown) != len(key) or [line[0] for line in shown] != [line[0] for line in key]:
            raise InputError(f"{path}: {_TRIALS} and {_KEY} must hold the same trials.")
        return Trials(
            kind=about["kind"],
            unit=numbers[:, 1],
            items=np.array(items, dtype=int),
            place=numbers[:, 3] - 1,
            block=numbers[:, 2],
            reasons=tuple(about["reasons"]),
            n=about["n"],
            stimuli=stimuli,
            names=None if about["names"] is None else np.array(about["names"], dtype=str),
        )
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} does not hold trials as they were written: {error!r}.") from None


def _distances(judge: Judge, items: np.ndarray, place: np.ndarray) -> tuple[float, float]:
    """Return the mean distance of intruders to members, and of members to each other."""
    t, k = items.shape
    members = items[np.arange(k) != place[:, None]].reshape(t, k - 1)
    intruder = items[np.arange(t), place]
    inter = 1 - judge.pairs(intruder[:, None], members)
    intra = (1 - judge.pairs(members[:, :, None], members[:, None, :])) * (1 - np.eye(k - 1))
    return float(inter.mean()), float(intra.sum(axis=(1, 2)).mean() / ((k - 1) * (k - 2)))


def _csv(rows: list[list[str]]) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows(rows)
    return stream.getvalue()


def _read(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.reader(stream))[1:]
