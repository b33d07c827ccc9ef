"""Write docs/metrics.md from the table that the property tests use."""

from pathlib import Path

from unbraid import align

PAGE = Path(__file__).parent.parent / "docs" / "metrics.md"

HEAD = """# Metrics

Made from `unbraid.align.METRICS`, the table that the property tests are made from too, by
`python scripts/metrics_table.py`. Every metric is `unbraid.align.<name>(x, y)` and returns a
`Score`. *Ignores* lists maps of the source that change nothing, *sees* maps that must change the
value. **Held out**: what is fitted is scored on other stimuli.

| metric | what it is | range | direction | held out | ignores | sees | cost | protocols |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


TAIL = """
`rsa` takes `rdm=` euclidean (squared), correlation or crossnobis and `compare=` pearson, spearman,
kendall (tau-a) or cosine. Distances that obey the triangle inequality: `shape_distance` (angular or
Euclidean, alpha from 0 to 1) and `soft_matching_distance`.

Around any metric:

| function | question |
| --- | --- |
| `difference(a, b, over=...)` | is one score larger, for other stimuli, units, seeds, subjects? |
| `without_nuisance(metric, x, y, nuisance)` | what is left beside known regressors? |
| `best_of(sources, y, metric)` | how good is the best layer, its choice included? |
| `axis_test(x, y, metric)` | does the metric favour the given axes over random ones? |
| `shared_pairs(x, y, refits=...)` | which units are shared, at a false discovery rate, stably? |
| `mutual_partners(x, y, top=1)` | how many units choose each other, and how many by chance? |
| `sharedness(target, within, without)` | which latents do these systems share, and those not? |
| `rsa_ceiling(subjects)`, `subject_ceiling(subjects, metric)` | what could any model reach? |
| `target_recovery(x, y)` | which reproducible dimensions (or latents) of y are predicted? |
| `variance_partition(bands, y)` | what does each feature set explain that no other does? |

A best partner among many is never 0 by chance: `max_pairwise` of 128 independent latents that are
active on 2 % of 1,000 stimuli is .15, and `wmppc` and `mutual_best`, whose partners are chosen on
other stimuli than scored, .004 and .000. `sparse.subspace_stability` asks whether atoms that two
seeds do not share span one subspace.

How closely other libraries agree: [conformance](conformance.md).
"""


def page() -> str:
    """Return the page."""
    return HEAD + "".join(_row(name, metric) for name, metric in align.METRICS.items()) + TAIL


def _row(name: str, metric: align.Metric) -> str:
    cells = (
        f"`{name}`",
        metric.summary,
        f"{metric.low:g} to {metric.high:g}",
        "symmetric" if metric.symmetric else "source → target",
        "yes" if metric.held_out else "nothing fitted",
        _words(metric.invariant_to),
        _words(metric.changes_under),
        metric.cost,
        ", ".join(metric.protocols),
    )
    return f"| {' | '.join(cells)} |\n"


def _words(names: frozenset[str]) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
