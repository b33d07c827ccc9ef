"""Claim: learned atoms need as many units as known ones, about 1.5 K ln(N/K).

128 and 512 features, exactly K active, in ``M = ratio K ln(N/K)`` units, 10,000 and 20,000 stimuli,
no noise. Printed: mean correlation of the true features with the codes of `SparseCoding`, told N
and not K, on stimuli nothing was learned from, and that of the lasso with the true atoms in
brackets; means over the seeds. Drawn: the same, as ``docs/recovery_phase.svg``.
Run: python benchmarks/recovery_phase.py [--seeds 1] [--features 128 512] [--active 2 4 8 16]
"""

import argparse
import warnings
from pathlib import Path

import numpy as np

from recovery import mcc, oracle, world
from unbraid.sparse import SparseCoding, fit

STIMULI = {128: 10_000, 512: 20_000}
RATIOS = (1.0, 1.5, 2.0, 3.0)
FIGURE = Path(__file__).parent.parent / "docs" / "recovery_phase.svg"


def cell(n_features, k, ratio, seed):
    """Return how well learned and known atoms recover the features."""
    units = round(ratio * k * np.log(n_features / k))
    rng = np.random.default_rng([seed, k, units, n_features])
    drawn = world(rng, (n_features, units, k), n=STIMULI[n_features])
    method = SparseCoding(n_latents=n_features, offset="zero")
    learned = fit(drawn.train, method, rng=seed)
    truth, test = drawn.tests[""]
    return mcc(truth, learned.encode(test)), mcc(truth, oracle(drawn)(test))


def draw(found):
    """Write the figure: a panel per number of features, a line per number of active ones."""
    from matplotlib import rcParams
    from matplotlib.figure import Figure

    rcParams["svg.hashsalt"], rcParams["svg.fonttype"] = "unbraid", "none"
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    panels = figure.subplots(1, len(found), sharey=True, squeeze=False)[0]
    for panel, (n_features, lines) in zip(panels, found.items(), strict=True):
        for color, (k, cells) in enumerate(lines.items()):
            ours, known = np.transpose(cells)
            panel.plot(RATIOS, ours, f"C{color}o-", label=f"K = {k}, learned")
            panel.plot(RATIOS, known, f"C{color}:", label=f"K = {k}, true atoms")
        panel.axvline(1.5, color="gray", linewidth=0.8)
        panel.text(1.52, 0.02, "1.5 K ln(N/K)", color="gray", fontsize=8)
        panel.axhline(0.95, color="gray", linewidth=0.8, linestyle="--")
        panel.set(title=f"{n_features} features", xlabel="units / K ln(N/K)", ylim=(0, 1.02))
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("mean matched correlation")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right", frameon=False)
    figure.savefig(FIGURE, metadata={"Date": None})


def main():
    """Measure, print the rows of a table, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--features", type=int, nargs="+", choices=STIMULI, default=list(STIMULI))
    parser.add_argument("--active", type=int, nargs="+", default=[2, 4, 8, 16])
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    found = {}
    for n_features in options.features:
        found[n_features] = {}
        for k in options.active:
            cells = [
                np.mean([cell(n_features, k, r, seed) for seed in range(options.seeds)], axis=0)
                for r in RATIOS
            ]
            found[n_features][k] = cells
            line = " | ".join(f"{ours:.3f} ({known:.3f})" for ours, known in cells)
            print(f"| {n_features} | {k} | {line} |", flush=True)
    draw(found)


if __name__ == "__main__":
    main()
