"""An evaluation as a page: plain data for the report, in the order in which a reader asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid import report
from unbraid._answers import TONES
from unbraid.evaluation._baselines import BASELINES
from unbraid.evaluation._gallery import latents_and_units
from unbraid.evaluation._measures import MEASURES
from unbraid.evaluation._side_score import SideScore, title_of

if TYPE_CHECKING:
    from unbraid.evaluation._evaluation import Evaluation

_BINS = 20  # of a histogram: a hundred latents are five per bin


def page(result: Evaluation, pictures: Any = None, browser: bool = False) -> report.Page:
    """Summarise an evaluation as a page.

    ``pictures`` are the stimuli given to ``evaluate``; ``browser``: whether the folder has one.
    """
    of_units = MEASURES[result.headline].needs != "concepts"
    return report.Page(
        title="How interpretable are the codes?",
        verdict=_verdict(result),
        provenance=_provenance(result),
        browser=report.BROWSER if browser else "",
        opening=[
            score_figure(
                result, [result.headline], "Units, codes and what could explain them away"
            ),
            *([latents_and_units(result, pictures)] if of_units else []),
            report.Warnings(items=result.warnings),
        ],
        sections=[
            report.Section(
                title="Every measure",
                lead="The same sides under each measure; the cross is chance.",
                blocks=[score_figure(result, result.measures, "All measures"), _contrasts(result)],
            ),
            report.Section(
                title="Unit by unit",
                blocks=[*([_histogram(result)] if of_units else []), *_units(result)],
            ),
            report.Section(title="All scores", blocks=[_scores(result), _how_to_read()]),
        ],
    )


def _verdict(result: Evaluation) -> report.VerdictBlock:
    codes, base = result.find("codes"), result.find("base")
    rivals = [
        result.find(side)
        for side in result.sides
        if side in BASELINES and not BASELINES[side].of_chance
    ]
    numbers = [_number("units", base, "before"), _number("codes", codes, "after")]
    if rivals:
        best = max(rivals, key=lambda s: -np.inf if np.isnan(s.value) else s.value)
        numbers.append(_number("best baseline", best, "control", title_of(best.side)))
    return report.VerdictBlock(
        headline=result.verdict.headline,
        tone=TONES[result.verdict.tone],
        about=f"Scored: **{title_of(result.headline)}**, on {len(result.rows):,} stimuli, judged "
        f"by {result.provenance['judge']}; chance is {codes.chance:.2f}. Intervals are for other "
        "stimuli and units.",
        lead=" ".join((result.verdict.sentence, *result.verdict.reasons)),
        numbers=numbers,
    )


def _number(label: str, score: SideScore, kind: Any, note: str = "") -> report.KeyNumber:
    at = score.interval
    return report.KeyNumber(
        label=label, value=score.value, low=at.low, high=at.high, kind=kind, note=note
    )


def score_figure(result: Evaluation, measures: Any, title: str) -> report.BeforeAfterFigure:
    """Return some measures of the units, the codes and every baseline."""
    groups = []
    for measure in measures:
        rows = [
            report.ScoreRow(
                label=title_of(score.side),
                value=score.value,
                kind=_kind(score.side),
                low=score.interval.low,
                high=score.interval.high,
                null=score.chance,
                missing="no unit could be scored",
            )
            for score in result.scores
            if score.measure == measure
        ]
        groups.append(report.MetricGroup(title=title_of(measure), rows=rows))
    codes, base = result.find("codes", measures[0]), result.find("base", measures[0])
    finding = (
        f"{title_of(measures[0])} is **{base.value:.2f}** for units and **{codes.value:.2f}** for "
        f"codes; chance is {codes.chance:.2f} (cross). Bars: 95% intervals."
    )
    return report.BeforeAfterFigure(title=title, groups=groups, caption=_caption(result, finding))


def _kind(side: str) -> Any:
    if side in ("base", "codes"):
        return "before" if side == "base" else "after"
    return "null" if BASELINES[side].of_chance else "control"


def _caption(result: Evaluation, finding: str) -> report.Caption:
    seeds = list(range(len(result.dictionaries)))
    return report.Caption(finding=finding, n=len(result.rows), seed=seeds)


def _histogram(result: Evaluation) -> report.Histogram:
    shown = [s for s in ("base", "codes", "shuffled_latents") if s in result.sides]
    values = {s: result.find(s).seeds[0].values for s in shown}
    known = {s: v[np.isfinite(v)] for s, v in values.items()}
    everything = np.concatenate(list(known.values()))
    if not len(everything):
        everything = np.array([0.0, 1.0])
    low, high = float(everything.min()), float(everything.max())
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    median = float(np.median(known["codes"])) if len(known["codes"]) else float("nan")
    return report.Histogram(
        title=f"{title_of(result.headline)} unit by unit",
        edges=edges.tolist(),
        series=[
            report.Counts(
                name=title_of(side),
                counts=(np.histogram(v, edges)[0] / max(len(v), 1)).tolist(),
                kind=_kind(side),
            )
            for side, v in known.items()
        ],
        x_label=title_of(result.headline),
        y_label="share of units",
        caption=_caption(result, f"The median latent has {median:.2f}."),
    )


def _contrasts(result: Evaluation) -> report.Table:
    rows = [
        (
            title_of(c.measure),
            title_of(c.side),
            report.Estimate(value=c.value, low=c.low, high=c.high),
        )
        for c in result.contrasts
    ]
    return report.Table(
        title="Codes less each other side",
        columns=[
            report.Column(name="measure"),
            report.Column(name="side"),
            report.Column(name="difference", format="estimate", missing="a side has no score"),
        ],
        rows=rows,
    )


def _units(result: Evaluation) -> list[report.Table]:
    frame = result.units()
    measures = [m for m in result.measures if m in frame.columns]
    if not measures:
        return []
    rows: list[tuple[report.Cell, ...]]
    frame = frame.sort_values(measures[0], ascending=False, na_position="last").head(500)
    rows = [
        (
            int(str(latent)),
            *(
                report.Estimate(value=row[m], low=row[f"{m}_low"], high=row[f"{m}_high"])
                for m in measures
            ),
            int(row["active"]),
        )
        for latent, row in frame.iterrows()
    ]
    why = result.find("codes").seeds[0].why()
    told = "; ".join(f"{count} latents: {reason}" for reason, count in why.items())
    return [
        report.Table(
            title="Latents, most interpretable first",
            columns=[
                report.Column(name="latent", format="integer"),
                *(
                    report.Column(
                        name=title_of(m), format="estimate", missing="could not be scored"
                    )
                    for m in measures
                ),
                report.Column(name="active on", format="integer", help="scored stimuli"),
            ],
            rows=rows,
            note=f"Not scored: {told}." if told else "",
        )
    ]


def _scores(result: Evaluation) -> report.Table:
    rows = []
    for score in result.scores:
        at, first = score.interval, score.seeds[0]
        rows.append(
            (
                title_of(score.measure),
                title_of(score.side),
                report.Estimate(value=score.value, low=at.low, high=at.high),
                score.chance,
                float(first.above_chance),
                score.coverage,
                len(first),
                score.spread,
            )
        )
    return report.Table(
        title="All scores",
        columns=[
            report.Column(name="measure"),
            report.Column(name="side"),
            report.Column(name="mean", format="estimate", missing="no unit could be scored"),
            report.Column(name="chance", format="number"),
            report.Column(name="above chance", format="percent", help="share of scored units"),
            report.Column(name="scored", format="percent"),
            report.Column(name="units", format="integer"),
            report.Column(name="sd over seeds", format="number", digits=3, missing="one seed"),
        ],
        rows=rows,
    )


def _how_to_read() -> report.Prose:
    return report.Prose(
        paragraphs=[
            "**The judge** is another system: its similarities say which stimuli are alike. A unit "
            "is interpretable to it where the stimuli that excite the unit are alike, and unlike "
            "the others.",
            "**What these scores cannot do**: they rank sides, layers or directions in the mean. "
            "They do not predict a single answer of a single person (in published data the "
            "correlation trial by trial is .096), and they see no meaning that the judge does not "
            "see.",
            "**Baselines**: random directions and a random expansion have no learning; principal "
            "and independent components and k-means have no sparse coding; the untrained "
            "dictionary and the (soft-)frozen decoders have random atoms, the frozen encoder "
            "random directions; an untrained copy of the system, where one was given, went through "
            "the same steps; shuffled latents are at chance. What a baseline reaches too is not "
            "due to the dictionary.",
        ]
    )


def _provenance(result: Evaluation) -> report.Provenance:
    made = result.provenance
    facts = [
        report.Fact(name="Scored stimuli", value=len(result.rows)),
        report.Fact(name="Training stimuli", value=result.n_train),
        report.Fact(name="Units", value=result.responses.shape[1]),
        report.Fact(name="Latents", value=int(result.codes.shape[1])),
        report.Fact(name="Judge", value=made["judge"]),
        report.Fact(name="Dictionaries", value=len(result.dictionaries)),
        report.Fact(name="Seconds", value=f"{made['seconds']:.1f}"),
        *[report.Fact(name=name, value=value) for name, value in made["versions"].items()],
    ]
    return report.Provenance(
        fingerprint=made["fingerprint"], config=result.config.describe(), facts=facts
    )
