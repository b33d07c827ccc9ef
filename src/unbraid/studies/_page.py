"""A study as a page, and as a folder: question, verdict, claims, figures, table, settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid import report
from unbraid._answers import write_answer
from unbraid._config import fingerprint
from unbraid.studies._study import Figure, Series, StudyResult

_KINDS: dict[str, Any] = {"theory": "prediction", "published": "ceiling", "control": "control"}


def save(
    result: StudyResult,
    folder: str | Path,
    *,
    overwrite: bool = False,
    beside: Mapping[str, str] | None = None,
) -> Path:
    """Write config.json, result.json and report.html, and texts beside; whole or not at all.

    Parameters
    ----------
    result : StudyResult
        What ``run`` returned.
    folder : str or Path
        New, or of an earlier run of this study.
    overwrite : bool
        Whether an earlier run there is replaced.
    beside : mapping of str to str, optional
        Further texts to write, by the names of their files.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    InputError
        A folder that holds something else, or a run and ``overwrite`` is False.

    Examples
    --------
    >>> import tempfile
    >>> from unbraid.studies import StudyResult
    >>> result = StudyResult(name="mine", question="Does it?", claims=[], table=[], figures=[],
    ...                      settings={})
    >>> sorted(file.name for file in save(result, tempfile.mkdtemp() + "/run").glob("[!.]*"))
    ['config.json', 'report.html', 'result.json']
    """
    html = report.render(page(result))
    kind, record = f"study {result.name}", result.record()
    return write_answer(
        Path(folder),
        result.settings,
        record,
        {},
        html,
        kind=kind,
        overwrite=overwrite,
        beside=beside,
    )


def page(result: StudyResult) -> report.Page:
    """Return the study's page."""
    claims = report.Table(
        title="Claims",
        columns=[
            report.Column(name="claim"),
            report.Column(name="holds"),
            report.Column(name="evidence"),
        ],
        rows=[
            (claim.text, "yes" if claim.holds else "no", claim.evidence) for claim in result.claims
        ],
    )
    n_held = sum(claim.holds for claim in result.claims)
    sections = [
        report.Section(title="Figures", blocks=[_figure(each, result) for each in result.figures]),
        report.Section(title="Numbers", blocks=[_table(result)]),
    ]
    if result.notes:
        notes = report.Prose(paragraphs=result.notes)
        sections.append(report.Section(title="What would change the answer", blocks=[notes]))
    return report.Page(
        title=f"Study: {result.name}",
        verdict=report.VerdictBlock(
            headline=_answer(result),
            tone="holds" if n_held == len(result.claims) else "fails",
            about=result.question,
            lead=result.verdict.removeprefix(result.conclusion).strip(),
            numbers=_key_numbers(result, n_held),
        ),
        provenance=report.Provenance(
            fingerprint=fingerprint(result.settings),
            config=result.settings,
            facts=[
                report.Fact(name="Command", value=result.command),
                report.Fact(name="Seconds", value=f"{result.seconds:.1f}"),
            ],
        ),
        opening=[claims],
        sections=[section for section in sections if section.blocks],
    )


def _answer(result: StudyResult) -> str:
    """Return the conclusion; where counting claims says it all, the first of them."""
    if result.conclusion or not result.claims:
        return result.conclusion or result.question
    first = result.claims[0]
    text = first.text if first.holds else f"Not shown: {first.text}"
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def _key_numbers(result: StudyResult, n_held: int) -> list[report.KeyNumber]:
    claims = report.KeyNumber(label=f"of {len(result.claims)} claims hold", value=n_held, digits=0)
    if result.seeds is None:
        return [claims]
    return [claims, report.KeyNumber(label="independent seeds", value=result.seeds, digits=0)]


def _figure(figure: Figure, result: StudyResult) -> Any:
    n, unit = result.seeds, "seed" if result.seeds == 1 else "seeds"
    if n is None:
        n, unit = sum(len(series.y) for series in figure.series), "points"
    seed = int(result.settings.get("seed", 0))
    caption = report.Caption(finding=figure.caption, n=n, seed=seed, unit=unit)
    kinds = {"bar": _bars, "line": _lines, "histogram": _histogram, "heatmap": _heatmap}
    draw: Any = kinds[figure.kind]
    return draw(figure, caption)


def _bars(figure: Figure, caption: report.Caption) -> report.BarFigure:
    categories = list(dict.fromkeys(str(x) for series in figure.series for x in series.x))
    return report.BarFigure(
        title=figure.title,
        categories=categories,
        series=[
            report.Bars(
                name=series.name,
                kind=_role(series, figure),
                values=[_estimate(series, category) for category in categories],
            )
            for series in figure.series
        ],
        x_label=figure.y_label,  # bars lie: the values' axis is the horizontal one
        caption=caption,
    )


def _estimate(series: Series, category: str) -> report.Estimate:
    labels = [str(x) for x in series.x]
    if category not in labels:
        return report.Estimate(value=math.nan)
    at = labels.index(category)
    if series.low is None or series.high is None:
        return report.Estimate(value=series.y[at])
    return report.Estimate(value=series.y[at], low=series.low[at], high=series.high[at])


def _lines(figure: Figure, caption: report.Caption) -> report.CurveFigure:
    return report.CurveFigure(
        title=figure.title,
        series=[
            report.Curve(
                name=series.name,
                x=series.x,
                y=series.y,
                low=series.low or (),
                high=series.high or (),
                kind=_role(series, figure),
                mark="line" if series.kind == "theory" else "both",
                dashed=series.kind == "theory",
            )
            for series in figure.series
        ],
        x_label=figure.x_label,
        y_label=figure.y_label,
        caption=caption,
        x_log=figure.log_x,
        y_log=figure.log_y,
    )


def _role(series: Series, figure: Figure) -> Any:
    """Return the colour of a role that one series has alone; several take the palette's."""
    alike = [each for each in figure.series if each.kind == series.kind]
    return _KINDS.get(series.kind) if len(alike) == 1 else None


def _histogram(figure: Figure, caption: report.Caption) -> report.Histogram:
    left = [float(x) for x in figure.series[0].x]
    return report.Histogram(
        title=figure.title,
        edges=[*left, 2 * left[-1] - left[-2]],
        series=[
            report.Counts(name=series.name, counts=series.y, kind=_role(series, figure))
            for series in figure.series
        ],
        x_label=figure.x_label,
        y_label=figure.y_label,
        caption=caption,
    )


def _heatmap(figure: Figure, caption: report.Caption) -> report.Heatmap:
    return report.Heatmap(
        title=figure.title,
        row_labels=[series.name for series in figure.series],
        column_labels=[str(x) for x in figure.series[0].x],
        values=[series.y for series in figure.series],
        rows_are=figure.y_label,
        columns_are=figure.x_label,
        caption=caption,
    )


def _table(result: StudyResult) -> report.Table:
    names = list(dict.fromkeys(key for row in result.table for key in row))
    columns, rows = [], [[row.get(name) for name in names] for row in result.table]
    for at, name in enumerate(names):
        values: list[Any] = [row[at] for row in rows if row[at] is not None]
        numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        whole = numeric and all(float(v).is_integer() for v in values)
        form: Any = "integer" if whole else "number" if numeric else "text"
        columns.append(report.Column(name=name, format=form, digits=3, missing="not measured"))
        if not numeric:
            for row in rows:
                row[at] = None if row[at] is None else str(row[at])
    return report.Table(title="Every number", columns=columns, rows=rows)
