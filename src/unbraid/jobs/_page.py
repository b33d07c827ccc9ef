"""The page of a matrix: heat maps of all pairs, and which gains stand once all are counted."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from unbraid import report, stats
from unbraid.errors import InputError
from unbraid.jobs._best import best_rows
from unbraid.jobs._plan import Plan
from unbraid.jobs._results import Results

REPORT = "report.html"
_RATE = 0.05  # of false discoveries among the gains that are called so
_FIELDS = {
    "before": "Before: units",
    "after": "After: codes",
    "gain": "Gain",
    "best_control": "Best control",
}
_ONE_SCALE = ("before", "after", "best_control")
_MOST_LABELS = 60  # rows or columns of a heat map; more are no picture


def page(found: Results, title: str = "Matrix") -> report.Page:
    """Return the page of a run's comparisons.

    Parameters
    ----------
    found : Results
        Of a run; its comparisons are shown.
    title : str
        Title of the page.

    Returns
    -------
    report.Page
        ``report.render`` makes one HTML file of it.

    Raises
    ------
    InputError
        No comparison is done.

    Examples
    --------
    >>> from pathlib import Path
    >>> page(Results(folder=Path("run"), rows=(), jobs=()))
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: run holds no comparison that is done; a page shows those.
    """
    pairs = [(row, job) for row, job in zip(found.rows, found.jobs, strict=True)
             if row["kind"] == "compare"]  # fmt: skip
    done = [row for row, _ in pairs if row["state"] == "done"]
    if not done:
        raise InputError(f"{found.folder} holds no comparison that is done; a page shows those.")
    q = false_discovery(done)
    gains = [row["job"] for row in done if _gains(row, q)]
    metric = Counter(row["metric"] for row in done).most_common(1)[0][0]
    seeds = sorted({int(job.settings["seed"]) for _, job in pairs})
    grid = _Grid([row for row, _ in pairs])
    caption = _caption(len(done), seeds)
    maps = [grid.figure(name, words, metric, caption) for name, words in _FIELDS.items()]
    undone = [row for row, _ in pairs if row["state"] != "done"]
    best = best_rows(found)
    sections = [
        report.Section(
            title="All pairs",
            lead="A click on a cell opens the pair's page.",
            blocks=maps if grid.is_picture else [],
        ),
        report.Section(title="Numbers", blocks=[_table(done, q)]),
    ]
    if best:
        sections.insert(1, report.Section(title="Best row of each column", blocks=[_best(best)]))
    return report.Page(
        title=title,
        verdict=report.VerdictBlock(
            headline=_headline(len(gains), len(done)),
            tone="gain" if gains else "no-gain",
            lead=(
                f"{metric} of held-out stimuli; a pair counts where its own verdict is a gain that "
                f"no control explains, and its p-value stays below {_RATE:g} once the false "
                "discovery rate of all pairs is controlled (Benjamini-Hochberg)."
            ),
            numbers=[
                report.KeyNumber(
                    label="median before", value=_median(done, "before"), kind="before"
                ),
                report.KeyNumber(label="median after", value=_median(done, "after")),
                report.KeyNumber(
                    label="median best control",
                    value=_median(done, "best_control"),
                    kind="control",
                ),
                report.KeyNumber(label=f"of {len(done)} pairs gain", value=len(gains), digits=0),
            ],
        ),
        provenance=report.Provenance(
            fingerprint=_fingerprint(found),
            config={"options": pairs[0][1].settings["config"], "seeds": seeds},
            facts=[report.Fact(name="Unbraid", value=", ".join(_versions(done)))],
        ),
        opening=[report.Warnings(items=_warnings(done, undone, grid))],
        sections=[section for section in sections if section.blocks],
    )


def false_discovery(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return the q-value of each comparison's gain over all of them; NaN where it has none."""
    p = [math.nan if row["p"] is None else float(row["p"]) for row in rows]
    q = stats.benjamini_hochberg(np.array(p)) if rows else np.empty(0)
    return {row["job"]: float(value) for row, value in zip(rows, q, strict=True)}


class _Grid:
    """Pairs as cells: rows are the first systems, columns the second, in the order of the plan."""

    def __init__(self, rows: Sequence[dict[str, Any]]) -> None:
        self.cells: dict[tuple[str, str], dict[str, Any]] = {}
        for row in rows:
            self.cells.setdefault((row["x"], row["y"]), row)
        self.twice = len(rows) - len(self.cells)
        self.x = list(dict.fromkeys(x for x, _ in self.cells))
        self.y = list(dict.fromkeys(y for _, y in self.cells))

    @property
    def is_picture(self) -> bool:
        return max(len(self.x), len(self.y)) <= _MOST_LABELS

    def figure(
        self, name: str, words: str, metric: str, caption: Callable[[str], report.Caption]
    ) -> report.Heatmap:
        values = [[self._value(x, y, name) for y in self.y] for x in self.x]
        finite = [value for row in values for value in row if math.isfinite(value)]
        told = "No pair could be scored."
        if finite:
            told = f"{metric}, {words.lower()}: {min(finite):.2f} to {max(finite):.2f}."
        return report.Heatmap(
            title=words,
            row_labels=_short(self.x),
            column_labels=_short(self.y),
            values=values,
            links=[[self._link(x, y) for y in self.y] for x in self.x],
            domain=self._domain() if name in _ONE_SCALE else _about_zero(finite),
            rows_are="first system",
            columns_are="second system",
            caption=caption(told),
        )

    def _domain(self) -> tuple[float, float] | None:
        """Return the range of scores of any kind, so that their colours can be compared."""
        found = [self._value(x, y, name) for x, y in self.cells for name in _ONE_SCALE]
        finite = [value for value in found if math.isfinite(value)]
        return (min(finite), max(finite)) if finite and min(finite) < max(finite) else None

    def _value(self, x: str, y: str, name: str) -> float:
        value = self.cells.get((x, y), {}).get(name)
        return float("nan") if value is None else float(value)

    def _link(self, x: str, y: str) -> str:
        row = self.cells.get((x, y), {"state": "missing"})
        done = row["state"] == "done"
        return f"jobs/{row['job'][:2]}/{row['job']}/report.html" if done else ""


def _caption(n: int, seeds: Sequence[int]) -> Callable[[str], report.Caption]:
    return lambda told: report.Caption(finding=told, n=n, seed=list(seeds), unit="pairs")


def _gains(row: dict[str, Any], q: dict[str, float]) -> bool:
    return row["tone"] == "gain" and q[row["job"]] <= _RATE and row["gain"] > 0


def _headline(gains: int, n: int) -> str:
    pairs = "pair" if n == 1 else "pairs"
    return f"{gains} of {n} {pairs} align better once unbraided, beyond every control."


def _table(rows: Sequence[dict[str, Any]], q: dict[str, float]) -> report.Table:
    number: Any = {"format": "number", "digits": 3, "missing": "could not be scored"}
    columns = [
        *(report.Column(name=name) for name in ("x", "y")),
        *(report.Column(name=name, **number) for name in ("before", "after")),
        report.Column(name="gain", format="estimate", digits=3),
        report.Column(name="q", format="p", digits=3, help="p-value of the gain, over all pairs"),
        report.Column(name="best control", **number),
        *(report.Column(name=name) for name in ("control", "verdict", "job")),
    ]
    return report.Table(title="Every pair", columns=columns, rows=[_cells(r, q) for r in rows])


def _cells(row: dict[str, Any], q: dict[str, float]) -> list[Any]:
    gain, low, high = (
        math.nan if row[name] is None else row[name] for name in ("gain", "gain_low", "gain_high")
    )
    return [
        row["x"],
        row["y"],
        row["before"],
        row["after"],
        report.Estimate(value=gain, low=low, high=high),
        q[row["job"]],
        row["best_control"],
        row["control"],
        row["tone"],
        row["job"],
    ]


def _best(best: Sequence[dict[str, Any]]) -> report.Table:
    columns = [
        report.Column(name="column"),
        report.Column(name="chosen"),
        report.Column(name="score", format="number", digits=3),
        report.Column(name="best in hindsight", format="number", digits=3),
    ]
    rows = [[b["y"], b["chosen"], b["value"], b["hindsight"]] for b in best]
    note = (
        "For each fold the row is chosen by the codes' scores on the other folds' stimuli, and "
        "scored on this one's. The best in hindsight is chosen and scored on the same stimuli, "
        "and too high."
    )
    return report.Table(title="Best row of each column", columns=columns, rows=rows, note=note)


def _warnings(
    done: Sequence[dict[str, Any]], undone: Sequence[dict[str, Any]], grid: _Grid
) -> list[str]:
    said = []
    for state in ("failed", "missing", "invalid"):
        rows = [row for row in undone if row["state"] == state]
        if rows:
            why = f": {rows[0]['error']}" if rows[0].get("error") else ""
            said.append(f"{len(rows)} pairs are {state}, and not on this page{why}")
    if len(_versions(done)) > 1:
        said.append(f"Versions of Unbraid differ: {', '.join(_versions(done))}.")
    if grid.twice:
        told = "pairs were compared with other options, too; heat maps show the first of each."
        said.append(f"{grid.twice} {told}")
    sizes = [row["n"] for row in done]
    if len(set(sizes)) > 1:
        said.append(
            f"Pairs were scored on {min(sizes)} to {max(sizes)} stimuli; a column where these "
            "differ has no best row. Each pair tests whether stimuli follow each other in time: "
            "--set order=exchangeable, or order=time, says so for all. --common keeps the stimuli "
            "that both systems of a pair have."
        )
    warned = sum(bool(row["warnings"]) for row in done)
    if warned:
        said.append(f"{warned} of {len(done)} comparisons have warnings of their own; see there.")
    return said


def _versions(rows: Sequence[dict[str, Any]]) -> list[str]:
    return sorted({str(row.get("unbraid")) for row in rows})


def _fingerprint(found: Results) -> str:
    return Plan(jobs=found.jobs).fingerprint


def _median(rows: Sequence[dict[str, Any]], name: str) -> float:
    values = [row[name] for row in rows if row[name] is not None]
    return float(np.median(values)) if values else math.nan


def _about_zero(values: Sequence[float]) -> tuple[float, float] | None:
    """Return a range in which losses have another colour than gains."""
    reach = max(map(abs, values), default=0.0)
    return (-reach, reach) if reach else None


def _short(names: Sequence[str]) -> list[str]:
    """Return names without the folders that all of them, but those in no folder, are in."""
    inside = [name.split("/")[:-1] for name in names if "/" in name]
    count = len(os.path.commonprefix(inside)) if inside else 0
    short = ["/".join(name.split("/")[count:]) if "/" in name else name for name in names]
    return short if len(set(short)) == len(set(names)) else list(names)
