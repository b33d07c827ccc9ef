"""Pages: declared blocks of plain data become one self-contained HTML file; knows no science."""

from unbraid.report._bins import BarFigure, Bars, Counts, Heatmap, Histogram
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
    BeforeAfterFigure,
    Curve,
    CurveFigure,
    Figure,
    MetricGroup,
    OverviewFigure,
    ScoreRow,
)
from unbraid.report._gallery import MatchedPair, MatchedUnits, Stimulus, UnitView
from unbraid.report._render import render
from unbraid.report._table import Column, Table
from unbraid.report._values import Caption, Cell, Estimate, Kind, Missing, Reference
from unbraid.report.axes import draw_on
from unbraid.report.browser._data import (
    Braid,
    BrowserSide,
    LatentBrowser,
    LatentDetail,
    LatentGroup,
    LatentMeasure,
    LatentPair,
)
from unbraid.report.browser._files import PAGE as BROWSER
from unbraid.report.browser._files import browser_files

__all__ = [
    "BROWSER",
    "BarFigure",
    "Bars",
    "BeforeAfterFigure",
    "Block",
    "Braid",
    "BrowserSide",
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
    "LatentBrowser",
    "LatentDetail",
    "LatentGroup",
    "LatentMeasure",
    "LatentPair",
    "MatchedPair",
    "MatchedUnits",
    "MetricGroup",
    "Missing",
    "OverviewFigure",
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
    "browser_files",
    "draw_on",
    "figure_svg",
    "render",
]
