"""Pages: declared blocks of plain data become one self-contained HTML file; knows no science."""

from unbraid.report._blocks import (
    Block,
    Details,
    Fact,
    Facts,
    KeyNumber,
    Page,
    Prose,
    Provenance,
    Section,
    VerdictBlock,
    Warnings,
)
from unbraid.report._export import figure_svg
from unbraid.report._figures import (
    BarFigure,
    Bars,
    BeforeAfterFigure,
    Counts,
    Curve,
    CurveFigure,
    Figure,
    Heatmap,
    Histogram,
    MetricGroup,
    Reference,
    ScoreRow,
)
from unbraid.report._gallery import MatchedPair, MatchedUnits, Stimulus, UnitView
from unbraid.report._render import render
from unbraid.report._table import Column, Table
from unbraid.report._values import Caption, Cell, Estimate, Kind, Missing

__all__ = [
    "BarFigure",
    "Bars",
    "BeforeAfterFigure",
    "Block",
    "Caption",
    "Cell",
    "Column",
    "Counts",
    "CurveFigure",
    "Details",
    "Estimate",
    "Fact",
    "Facts",
    "Figure",
    "Heatmap",
    "Histogram",
    "KeyNumber",
    "Kind",
    "MatchedPair",
    "MatchedUnits",
    "MetricGroup",
    "Missing",
    "Page",
    "Prose",
    "Provenance",
    "Reference",
    "ScoreRow",
    "Section",
    "Curve",
    "Stimulus",
    "Table",
    "UnitView",
    "VerdictBlock",
    "Warnings",
    "figure_svg",
    "render",
]
