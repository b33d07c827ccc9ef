"""Tables of a comparison: scores, differences, dictionaries; and how the training went."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from unbraid import report, sparse
from unbraid.comparison.controls._which import LABELS
from unbraid.comparison.dictionaries._given import source_of

if TYPE_CHECKING:
    from unbraid.comparison._comparison import Comparison


def score_table(result: Comparison) -> report.Table:
    """Return one row a score, with everything that a number must not be shown without."""
    columns = [
        report.Column(name="metric"),
        report.Column(name="value", format="estimate", digits=3, help="held out, with interval"),
        report.Column(name="source"),
        report.Column(name="target"),
        report.Column(name="systems"),
        report.Column(name="seed", format="integer", missing="no dictionary on either side"),
        report.Column(name="in sample", format="number", digits=3, help="optimistic"),
        report.Column(
            name="null", format="number", digits=3, help="stimuli of the target permuted"
        ),
        report.Column(
            name="p", format="p", missing="of units and the first seed's codes from x to y"
        ),
        report.Column(name="coverage", format="percent", digits=0),
        report.Column(name="over all", format="number", digits=3, help="unscored units count as 0"),
        report.Column(name="ceiling", format="number", digits=3, missing="no repeats given"),
    ]
    rows = [
        (
            score.metric.replace("_", " "),
            report.Estimate(value=score.value, low=score.low, high=score.high),
            LABELS[score.source],
            LABELS[score.target],
            _systems(result, score.systems),
            score.seed,
            score.in_sample,
            score.null,
            score.p_value,
            score.coverage,
            score.value_over_all,
            score.ceiling,
        )
        for score in result.scores
    ]
    note = f"Protocol {result.config.protocol}; n = {result.n_scored} stimuli; signed unless said."
    return report.Table(title="Every score", columns=columns, rows=rows, note=note)


def _systems(result: Comparison, systems: str) -> str:
    """Write ``x->y`` with the systems' own names."""
    names = {"x": result.names[0], "y": result.names[1], "truth": LABELS["features"]}
    return " → ".join(names[each] for each in systems.split("->"))


def change_table(result: Comparison) -> report.Table:
    """Return one row a paired difference."""
    columns = [
        report.Column(name="metric"),
        report.Column(name="change", format="estimate", digits=3),
        report.Column(name="from", format="number", digits=3),
        report.Column(name="to", format="number", digits=3),
        report.Column(name="difference"),
        report.Column(name="above zero"),
    ]
    rows = [
        (
            change.metric.replace("_", " "),
            report.Estimate(value=change.value, low=change.low, high=change.high),
            change.before,
            change.after,
            _difference(change.name),
            "yes" if change.is_gain else "no",
        )
        for change in result.changes
    ]
    note = "Paired over the same stimuli; intervals for other stimuli and other dictionary seeds."
    return report.Table(title="Differences", columns=columns, rows=rows, note=note)


def _difference(name: str) -> str:
    """Write ``codes->codes - base->base`` in the names of the figures."""
    sides = (each.split("->") for each in name.split(" - "))
    return " less ".join(" → ".join(LABELS[part] for part in side) for side in sides)


def prediction_table(result: Comparison) -> report.Table:
    """Return one row a score that theory has an expectation of."""
    columns = [
        report.Column(name="metric"),
        report.Column(name="source"),
        report.Column(name="target"),
        report.Column(name="seed", format="integer", missing="no dictionary on either side"),
        report.Column(name="expected", format="number", digits=3, help="by the closed form"),
        report.Column(name="measured", format="number", digits=3, help="held out"),
        report.Column(name="linear, source", format="percent", digits=0),
        report.Column(name="linear, target", format="percent", digits=0),
    ]
    rows = [
        (
            expected.metric.replace("_", " "),
            LABELS[expected.source],
            LABELS[expected.target],
            expected.seed,
            expected.predicted,
            expected.measured,
            *expected.linear,
        )
        for expected in result.predictions
    ]
    note = (
        "Expected if the systems share nothing but the true features: each side's encoding and "
        "errors are fitted on training stimuli, and the errors of the two are independent. Linear: "
        "share of the variance that is linear in the features. With few stimuli the best match is "
        "overestimated, by at most e_m / sqrt(n)."
    )
    return report.Table(title="Theory beside measurement", columns=columns, rows=rows, note=note)


def dictionary_table(result: Comparison) -> report.Table:
    """Return one row per dictionary, judged on the alignment stimuli."""
    columns = [
        report.Column(name="system"),
        report.Column(name="seed", format="integer"),
        report.Column(name="method"),
        report.Column(name="latents", format="integer"),
        report.Column(name="l0", format="number", help="active latents per stimulus"),
        report.Column(name="FVU", format="number", digits=3, help="on the alignment stimuli"),
        report.Column(name="dead", format="percent", digits=0),
        report.Column(
            name="encoder's gap",
            format="number",
            digits=3,
            help="FVU beyond that of pursuit with as many active",
            missing="no encoder, or not computed",
        ),
        report.Column(
            name="stable",
            format="number",
            help="mean cosine of an atom with its match in the other seeds",
            missing="one seed, or very many latents",
        ),
        report.Column(
            name="trained on",
            format="integer",
            help="stimuli",
            missing="the file does not say",
        ),
    ]
    rows = []
    for side in (0, 1):
        found = result.of_side(side)
        stable = _stability(each.dictionary for each in found)
        for seed, (each, share) in enumerate(zip(found, stable, strict=True)):
            if seed and each is found[seed - 1]:
                continue  # one that is paired with several of the other system
            dictionary = each.dictionary
            rows.append(
                (
                    result.names[side],
                    seed,
                    source_of(dictionary),
                    int(each.codes.shape[1]),
                    each.codes.l0,
                    each.fvu,
                    each.dead,
                    dictionary.evidence.amortization_gap,
                    share,
                    dictionary.evidence.n_stimuli or None,
                )
            )
    rows.sort(key=lambda row: row[1])
    return report.Table(title="Dictionaries", columns=columns, rows=rows)


def _stability(dictionaries: Iterable[sparse.Dictionary]) -> list[float]:
    """Return the mean stability of each dictionary's atoms; NaN where it is not computed."""
    found = list(dictionaries)
    alike = len({each.atoms.shape for each in found}) == 1 and len(set(map(id, found))) > 1
    shares = [
        each.evidence.stability for each in (sparse.with_stability(found) if alike else found)
    ]
    return [float(np.mean(share)) if share else float("nan") for share in shares]


def history_figure(result: Comparison) -> list[report.CurveFigure]:
    """Return the course of training of each system's first dictionary, where it was recorded."""
    series = []
    for side, name in enumerate(result.names):
        found = result.of_side(side)
        history = found[0].dictionary.evidence.history if found else ()
        points = [(i, step["fvu"]) for i, step in enumerate(history) if "fvu" in step]
        if len(points) > 1:
            x, y = zip(*points, strict=True)
            series.append(report.Curve(name=name, x=x, y=y))
    if not series:
        return []
    caption = report.Caption(
        finding="Fraction of variance unexplained while the first dictionary of each learned.",
        n=sum(result.n_train),
        seed=0,
        unit="training stimuli",
    )
    figure = report.CurveFigure(
        title="Training",
        series=series,
        x_label="records",
        y_label="FVU",
        caption=caption,
    )
    return [figure]
