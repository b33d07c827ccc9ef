"""A test for people: which of six stimuli does not belong, as one page that works offline."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _folders, _validate, interpret
from unbraid.errors import InputError
from unbraid.report._png import data_uri
from unbraid.report._text import printable

PAGE = "index.html"
KIND = "intrusion test"
_TEMPLATE = Path(__file__).parent / "human_test.html"


def human_trials(
    trials: interpret.Trials,
    *,
    units: int = 20,
    each: int = 2,
    catch: int = 3,
    rng: int | np.random.Generator | None = 0,
) -> interpret.Trials:
    """Choose trials for people, and add catch trials that anybody who reads the task solves.

    Parameters
    ----------
    trials : Trials
    units : int
        Units drawn at random from those with trials; all, if there are fewer.
    each : int
        Trials of each unit.
    catch : int
        Trials that show one stimulus several times and another once.
    rng : int or Generator

    Returns
    -------
    Trials
        Catch trials have unit -1. The order is random.
    """
    for name, value, least in (("units", units, 1), ("each", each, 1), ("catch", catch, 0)):
        _validate.check_count(value, name, least)
    if not len(trials):
        raise InputError("There are no trials: no unit is excited by enough stimuli.")
    rng = _validate.as_rng(rng)
    with_trials = np.unique(trials.unit[trials.unit >= 0])
    drawn = rng.permutation(with_trials)[:units]
    chosen = [rng.permutation(np.flatnonzero(trials.unit == unit))[:each] for unit in drawn]
    real = trials.some(rng.permutation(np.concatenate(chosen)))
    k, seen = trials.items.shape[1], np.unique(real.items)
    items, place = np.zeros((catch, k), dtype=int), rng.integers(k, size=catch)
    for i in range(catch):
        same, odd = rng.choice(seen, size=2, replace=False)
        items[i] = same
        items[i, place[i]] = odd
    order = rng.permutation(len(real) + catch)
    return replace(
        real,
        unit=np.concatenate([real.unit, np.full(catch, -1)])[order],
        items=np.concatenate([real.items, items])[order],
        place=np.concatenate([real.place, place])[order],
        block=np.concatenate([real.block, np.zeros(catch, dtype=int)])[order],
    )


def write_test(
    trials: interpret.Trials,
    folder: str | Path,
    *,
    pictures: Any = None,
    overwrite: bool = False,
) -> Path:
    """Write a folder with the page and the trials that ``interpret.read_trials`` reads.

    ``index.html`` is all that people need: it holds the pictures (or the stimuli's ids, as text),
    shows the trials and their stimuli in another order to each person, answers to keys 1 to 6,
    mouse and touch, and saves a CSV of person, trial, choice and seconds. It does not hold the key.

    Parameters
    ----------
    trials : Trials
        As ``human_trials`` returns them.
    folder : path
    pictures : array of shape (n, height, width[, 3]), uint8, optional
        Of the stimuli that the trials' rows refer to.
    overwrite : bool
    """
    path = Path(folder)
    names = (PAGE, *interpret.TRIAL_FILES)
    html = page_of(trials, pictures)
    with _folders.writing(path, KIND, names, overwrite=overwrite) as new:
        trials.write(new)
        (new / PAGE).write_bytes(html.encode("utf-8", errors="backslashreplace"))
    return path.expanduser()


def page_of(trials: interpret.Trials, pictures: Any = None) -> str:
    """Return the page; the stimuli's names are shown as text and never read as markup."""
    rows, where = np.unique(trials.items, return_inverse=True)
    if pictures is not None:
        array = np.asarray(pictures)
        if array.dtype != np.uint8 or array.ndim not in (3, 4) or len(array) != trials.n:
            raise InputError(
                f"pictures must be uint8, one for each of the {trials.n} stimuli of the trials, "
                f"got {array.dtype} of shape {array.shape}."
            )
        shown = [{"image": data_uri(array[row])} for row in rows]
    else:
        names = np.arange(trials.n) if trials.stimuli is None else trials.stimuli
        shown = [{"text": printable(str(names[row]))} for row in rows]
    data = {"trials": where.reshape(trials.items.shape).tolist(), "stimuli": shown}
    text = json.dumps(data).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    return _TEMPLATE.read_text(encoding="utf-8").replace("/*DATA*/null", text)
