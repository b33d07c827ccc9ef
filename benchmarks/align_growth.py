# ruff: noqa: D103
"""Claim: time and memory of each metric grow as its cost says, with stimuli and with units.

``python benchmarks/align_growth.py [--fast]``: each metric's value alone (no null, no interval) on
Gaussian systems, one of ``n`` (1024 units) and units (1024 stimuli) doubled at a time, until
``LIMIT`` seconds are exceeded. Writes ``results/align_growth.json`` and, unless ``--fast``, the
figure ``docs/align_growth.svg``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from measure import measure, write

from unbraid import align

FAST = "--fast" in sys.argv
BASE, LIMIT, LARGEST = (64, 0.2, 256) if FAST else (1024, 1.0, 8192)
NAMES = ("semi_matching", "one_to_one", "soft_matching", "ridge", "cka", "rsa", "procrustes")
FIGURE = Path(__file__).parent.parent / "docs" / "align_growth.svg"


def systems(n: int, units: int):
    rng = np.random.default_rng(0)
    z = rng.normal(size=(n, 20))
    return [z @ rng.normal(size=(20, units)) + 3 * rng.normal(size=(n, units)) for _ in range(2)]


def grow(name: str, axis: str) -> list[dict]:
    def job(x, y):
        return align.METRICS[name].compute(x, y, permutations=0, resamples=0).value

    rows, size = [], BASE // 4
    while size <= LARGEST:
        n, units = (size, BASE) if axis == "n" else (BASE, size)
        row = measure(job, lambda n=n, units=units: systems(n, units))
        rows.append({"metric": name, "axis": axis, "n": n, "units": units, **row})
        print(f"{name:14s} n={n:5d} units={units:5d} {row['cpu']:7.2f} CPU s {row['gib']:6.3f} GiB")
        if row["cpu"] > LIMIT:
            break
        size *= 2
    return rows


def draw(rows: list[dict]) -> None:
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"], rcParams["svg.fonttype"] = "unbraid", "none"
    figure = Figure(figsize=(9, 6), layout="constrained")
    panels = figure.subplots(2, 2, sharex=True)
    for column, (axis, label) in enumerate((("n", "stimuli (1024 units)"),
                                            ("units", "units a side (1024 stimuli)"))):  # fmt: skip
        for line, (field, unit) in enumerate((("cpu", "CPU seconds"), ("gib", "GiB beside input"))):
            panel = panels[line, column]
            for name in NAMES:
                own = [row for row in rows if row["metric"] == name and row["axis"] == axis]
                panel.plot([row[axis] for row in own], [max(row[field], 1e-3) for row in own],
                           marker="o", markersize=3, label=name)  # fmt: skip
            panel.set(xscale="log", yscale="log", ylabel=unit if not column else "")
            panel.set_xlabel(label if line else "")
            panel.grid(alpha=0.3)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside upper center", ncols=7,
                  frameon=False, fontsize=8)  # fmt: skip
    figure.savefig(FIGURE, metadata={"Date": None})


if __name__ == "__main__":
    found = [row for name in NAMES for axis in ("n", "units") for row in grow(name, axis)]
    write("align_growth", found)
    if not FAST:
        draw(found)
