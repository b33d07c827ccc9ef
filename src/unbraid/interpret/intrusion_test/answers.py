"""What people answered to trials of intrusion, beside the machine."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy import special

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.interpret._scores import UnitScores
from unbraid.interpret.intrusion_test.trials import Trials
from unbraid.stats import Interval

_COLUMNS = ("person", "trial", "choice")
_CATCH = 0.75  # share of catch trials that a person who reads the task solves with ease


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class HumanAnswers:
    """Precision of units by people's answers, agreement of people, the machine's precision."""

    units: UnitScores
    """Model precision: share of answers that name the intruder, unit by unit."""
    precision: float
    """Mean over units."""
    interval: Interval
    """Of the precision, for other units and other people."""
    people: dict[str, float]
    """Share of trials that each person solved."""
    catch: dict[str, float]
    """Share of catch trials that each person solved; NaN for those who saw none."""
    left_out: tuple[str, ...]
    """People who solved fewer than three quarters of the catch trials: not counted."""
    agreement: float
    """Share of pairs of people who chose the same stimulus; NaN where no trial had two answers."""
    machine: UnitScores | None = None
    """The machine's score of the same trials."""
    same_as_machine: float = float("nan")
    """Share of answers that are the machine's too."""
    correlation: float = float("nan")
    """Of people's and the machine's scores over units."""

    def __repr__(self) -> str:
        return (
            f"HumanAnswers({len(self.people)} people, precision {self.precision:.3f} "
            f"[{self.interval.low:.3f}, {self.interval.high:.3f}], chance "
            f"{self.units.mean_chance:.3f}, agreement {self.agreement:.3f})"
        )

    def record(self) -> dict[str, Any]:
        """Return plain JSON data."""
        numbers = {
            "precision": self.precision,
            "low": self.interval.low,
            "high": self.interval.high,
            "agreement": self.agreement,
            "same_as_machine": self.same_as_machine,
            "correlation": self.correlation,
        }
        plain = {k: float(v) if np.isfinite(v) else None for k, v in numbers.items()}
        catch = {k: float(v) if np.isfinite(v) else None for k, v in self.catch.items()}
        return {
            **plain,
            "chance": self.units.mean_chance,
            "people": self.people,
            "catch": catch,
            "left_out": list(self.left_out),
            "machine": None if self.machine is None else self.machine.record(),
        }


def score_answers(
    trials: Trials, answers: str | Path | Iterable[Any], *, judge: Any = None
) -> HumanAnswers:
    """Score what people answered to the trials.

    Parameters
    ----------
    trials : Trials
        As drawn, or as ``read_trials`` returned them.
    answers : path of a CSV file or folder of them, or rows of (person, trial, choice)
        A header names the columns; others are ignored. ``trial`` and ``choice`` count from 1, in
        the order of trials.csv.
    judge : Judge or embeddings, optional
        Scores the same trials, to be set beside people.

    Returns
    -------
    HumanAnswers
        Precision unit by unit and in the mean, people who were left out, and how much people agree.

    Raises
    ------
    InputError
        A trial or choice that there is not; two answers of one person to one trial.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> kinds = rng.integers(4, size=400)  # a unit for each of four kinds of stimuli, and noise
    >>> units = np.column_stack([np.eye(4)[kinds], rng.normal(size=400)])
    >>> import unbraid as ub
    >>> drawn = ub.interpret.intrusion_trials(units[:, :4], top=4, trials=5)
    >>> solved = [("ann", t + 1, place + 1) for t, place in enumerate(drawn.place)]
    >>> score_answers(drawn, solved).precision
    1.0
    """
    rows = _rows(answers)
    t, k = trials.items.shape
    people = list(dict.fromkeys(person for person, _, _ in rows))
    given = np.full((len(people), t), -1)
    for person, trial, choice in rows:
        if not (1 <= trial <= t and 1 <= choice <= k):
            raise InputError(
                f"Answers must name trials 1..{t} and choices 1..{k}, got trial {trial}, choice "
                f"{choice} of {person!r}."
            )
        at = people.index(person), trial - 1
        if given[at] not in (-1, choice - 1):
            raise InputError(f"{person!r} gave two answers to trial {trial}.")
        given[at] = choice - 1
    right = np.where(given >= 0, given == trials.place, np.nan)
    caught, real = trials.unit < 0, trials.unit >= 0
    catch = {person: _mean(right[i, caught]) for i, person in enumerate(people)}
    out = tuple(p for p, share in catch.items() if share < _CATCH)
    kept = [i for i, person in enumerate(people) if person not in out]
    if not kept or not np.isfinite(right[kept][:, real]).any():
        raise InputError("No answers are left to score: everyone missed the catch trials.")
    given, right = given[kept], right[kept]
    solved = np.array([_mean(column) for column in right.T])
    units = trials.scores("intrusion_by_people", np.where(real, solved, np.nan), "people")
    share = {people[i]: _mean(right[row, real]) for row, i in enumerate(kept)}
    found = HumanAnswers(
        units=units,
        precision=units.value,
        interval=_interval(units, list(share.values())),
        people=share,
        catch=catch,
        left_out=out,
        agreement=_agreement(given[:, real]),
    )
    return found if judge is None else _beside(found, trials, given, judge)


def _beside(found: HumanAnswers, trials: Trials, given: np.ndarray, judge: Any) -> HumanAnswers:
    machine = trials.judged(judge)
    weights = trials.judge_of(judge).least_alike(trials.items)
    answered = (given >= 0) & (trials.unit >= 0)
    chosen = weights[np.arange(len(trials)), np.maximum(given, 0)]
    both = machine.scored & found.units.scored
    a, b = machine.values[both], found.units.values[both]
    varies = both.sum() > 2 and a.std() > 0 and b.std() > 0
    return replace(
        found,
        machine=machine,
        same_as_machine=_mean(chosen[answered]),
        correlation=float(np.corrcoef(a, b)[0, 1]) if varies else float("nan"),
    )


def _interval(units: UnitScores, people: list[float]) -> Interval:
    """Interval for other units and other people: their variances add up."""
    counts = [int(units.scored.sum()), len(people)]
    parts = [units.values[units.scored], np.array(people)]
    known = [(p, c) for p, c in zip(parts, counts, strict=True) if c > 1]
    if not known:
        return Interval(float("nan"), float("nan"), units.level)
    variance = sum(float(p.var(ddof=1)) / c for p, c in known)
    freedom = min(c for _, c in known) - 1
    reach = float(special.stdtrit(freedom, (1 + units.level) / 2) * np.sqrt(variance))
    return Interval(max(units.value - reach, 0.0), min(units.value + reach, 1.0), units.level)


def _agreement(given: np.ndarray) -> float:
    same = pairs = 0
    for column in given.T:
        counts = np.unique(column[column >= 0], return_counts=True)[1]
        n = counts.sum()
        same += int((counts * (counts - 1)).sum())
        pairs += int(n * (n - 1))
    return same / pairs if pairs else float("nan")


def _rows(answers: Any) -> list[tuple[str, int, int]]:
    if isinstance(answers, str | Path):
        path = Path(answers)
        files = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not files or not all(file.is_file() for file in files):
            raise InputError(f"{path} holds no answers: a CSV file, or a folder of them.")
        return [row for file in files for row in _of_file(file)]
    try:
        return [(str(person), int(trial), int(choice)) for person, trial, choice in answers]
    except (ValueError, TypeError):
        raise InputError("answers must be rows of (person, trial, choice).") from None


def _of_file(file: Path) -> list[tuple[str, int, int]]:
    try:
        with file.open(newline="", encoding="utf-8-sig") as stream:
            table = csv.DictReader(stream)
            missing = [name for name in _COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise InputError(f"{file} must have the columns {', '.join(_COLUMNS)}.")
            rows = [(line["person"], int(line["trial"]), int(line["choice"])) for line in table]
    except (ValueError, TypeError, UnicodeDecodeError, csv.Error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{file} does not hold answers: {error}.") from None
    return rows


def _mean(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
