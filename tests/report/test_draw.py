"""Figures: valid SVG, values at the right place, words that do not lie on one another."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest

from unbraid import report as rp
from unbraid.errors import InputError
from unbraid.report import draw
from unbraid.report._palette import LIGHT
from unbraid.report._text import text_width
from unbraid.report.draw import inline_svg
from unbraid.report.draw.curves import roles

SVG = "{http://www.w3.org/2000/svg}"
NAN = float("nan")


def overview(example, scores):
    kinds = ("before", "after", "control")
    groups = [
        rp.MetricGroup(
            title=metric,
            rows=[
                rp.ScoreRow(label=kind, value=value, kind=kind, low=value - 0.1, high=value + 0.1)
                for kind, value in zip(kinds, values, strict=True)
            ],
        )
        for metric, values in scores.items()
    ]
    return rp.OverviewFigure(
        title="All", groups=groups, caption=example.caption(), domain=(0.0, 1.0)
    )


@pytest.fixture
def figures(example, rng):
    return {
        "scores": rp.BeforeAfterFigure(
            title="s", groups=[rp.MetricGroup(title="m", rows=example.score_rows())],
            caption=example.caption(),
        ),
        "hard": rp.BeforeAfterFigure(
            title="Hard & <odd>",
            groups=[
                rp.MetricGroup(title=example.LONG, note=example.LONG, rows=example.hard_rows()),
                rp.MetricGroup(title="n", rows=example.score_rows()),
            ],
            caption=example.caption(),
        ),
        "overview": overview(example, {example.LONG: (0.4, 0.9, -0.2), "cka": (0.5, NAN, 0.7)}),
        "curve": example.curve(),
        "scatter": example.scatter(rng),
        "log": example.bound(),
        "histogram": example.histogram(rng),
        "heatmap": example.heatmap(rng),
        "bars": example.bars(),
        "pairs": example.gallery(rng),
        "lists": example.gallery(rng, pictures=False),
    }  # fmt: skip


NAMES = (
    "scores",
    "hard",
    "overview",
    "curve",
    "scatter",
    "log",
    "histogram",
    "heatmap",
    "bars",
    "pairs",
    "lists",
)


def parse(svg):
    return ElementTree.fromstring(svg.replace(' xmlns="http://www.w3.org/2000/svg"', ""))


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_valid_xml_with_title_and_words(figures, name):
    for svg in (
        draw.inline_svg(figures[name], draw.WIDE, "wide"),
        draw.inline_svg(figures[name], draw.NARROW, "narrow"),
        rp.figure_svg(figures[name]),
    ):
        root = parse(svg)
        assert root.find("title").text == figures[name].title
        assert root.find("desc").text
        assert "nan" not in re.sub(r"<(title|desc)>.*?</\1>", "", svg)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_on_its_own_needs_nothing_else(figures, name):
    svg = rp.figure_svg(figures[name])
    assert ElementTree.fromstring(svg).tag == f"{SVG}svg"
    assert "var(" not in svg
    assert "url(" not in svg
    assert svg.count("http") == 1  # the name of the SVG namespace
    assert svg == rp.figure_svg(figures[name])
    assert figures[name].caption.facts in svg


@pytest.mark.parametrize("width", [draw.NARROW, draw.WIDE])
def test_dots_lie_at_their_values(example, width):
    values = [0.9, -0.2, 0.0, 0.41, 0.4]
    rows = [
        rp.ScoreRow(label="a", value=v, kind="after", low=v - 0.1, high=v + 0.1) for v in values
    ]
    group = rp.MetricGroup(title="m", rows=rows)
    figure = rp.BeforeAfterFigure(title="t", groups=[group], caption=example.caption())
    root = parse(draw.inline_svg(figure, width, "wide"))
    drawn = [row for row in root.iter("g") if row.get("class", "").startswith("row")]
    dots = [float(row.find("g/circle").get("cx")) for row in drawn]
    ends = [row.find("line") for row in drawn]
    assert [float(g.get("data-value")) for g in root.iter("g") if g.get("data-value")] == values
    slope = (dots[0] - dots[1]) / (values[0] - values[1])
    assert slope > 0
    zero = dots[2]
    for value, dot, end in zip(values, dots, ends, strict=True):
        assert dot == pytest.approx(zero + slope * value, abs=0.02)  # two decimals are written
        assert float(end.get("x1")) == pytest.approx(zero + slope * (value - 0.1), abs=0.02)
        assert float(end.get("x2")) == pytest.approx(zero + slope * (value + 0.1), abs=0.02)
    assert sorted(dots) == [dots[i] for i in np.argsort(values)]


@pytest.mark.parametrize("width", [draw.NARROW, draw.WIDE])
def test_all_metrics_of_an_overview_have_one_axis(example, width):
    scores = {"ridge": (0.3, 0.8, 0.6), "cka": (-0.25, 0.5, 0.1)}
    svg = draw.inline_svg(overview(example, scores), width, "wide")
    root = parse(svg)
    marks = [g for g in root.iter("g") if g.get("class", "").startswith("value ")]
    values = [float(g.get("data-value")) for g in marks]
    assert sorted(values) == sorted(v for row in scores.values() for v in row)
    places = []
    for g in marks:
        (shape,) = g
        of = shape.get("cx") or float(shape.get("x")) + float(shape.get("width")) / 2
        places.append(float(of))
    slope, zero = np.polyfit(values, places, 1)
    assert slope > 0
    assert np.allclose(places, zero + slope * np.array(values), atol=0.03)
    ends = [float(line.get("x1")) for line in root.iter("line") if line.get("class") == "w"]
    low = [zero + slope * (v - 0.1) for row in scores.values() for v in row]
    assert np.allclose(ends, low, atol=0.03)
    ticks = [t.text for t in root.iter("text") if t.get("class") == "s m c"]
    assert len(ticks) == len(set(ticks))  # one axis
    with pytest.raises(InputError, match="at most 4 scores of a metric, got 5"):
        rows = [rp.ScoreRow(label="a", value=1, kind="after")] * 5
        group = rp.MetricGroup(title="m", rows=rows)
        rp.OverviewFigure(title="t", groups=[group], caption=example.caption())


def test_an_interval_that_is_not_finite_is_not_drawn(example):
    rows = [
        rp.ScoreRow(label="a", value=0.5, kind="after", low=NAN, high=0.7),
        rp.ScoreRow(label="b", value=0.5, kind="after", low=0.1, high=float("inf")),
        rp.ScoreRow(label="c", value=NAN, kind="after", missing="it was never fitted"),
    ]
    group = rp.MetricGroup(title="m", rows=rows)
    figure = rp.BeforeAfterFigure(title="t", groups=[group], caption=example.caption())
    svg = draw.inline_svg(figure, draw.WIDE, "wide")
    drawn = [row for row in parse(svg).iter("g") if row.get("class", "").startswith("row")]
    assert [row.find("line") for row in drawn] == [None, None, None]
    assert [row.find("g/circle") is not None for row in drawn] == [True, True, False]
    assert "it was never fitted" in svg
    assert "[" not in svg


def test_bars_start_at_zero_and_end_at_their_values(example):
    values = (0.5, -0.25, 1.0)
    bars = rp.Bars(name="s", values=[rp.Estimate(value=v) for v in values])
    figure = rp.BarFigure(
        title="t", categories=["a", "b", "c"], series=[bars], x_label="x",
        caption=example.caption(),
    )  # fmt: skip
    root = parse(draw.inline_svg(figure, draw.WIDE, "wide"))
    drawn = [r for r in root.iter("rect") if r.get("data-value")]
    starts = [float(r.get("x")) for r in drawn]
    widths = [float(r.get("width")) for r in drawn]
    assert starts[0] == starts[2]
    assert starts[1] + widths[1] == pytest.approx(starts[0], abs=0.02)
    assert np.array(widths) / widths[2] == pytest.approx(np.abs(values), abs=1e-3)


def test_a_gap_in_a_curve_is_a_gap(example):
    series = rp.Curve(name="s", x=[0, 1, 2, 3, 4, 5], y=[1, 2, NAN, 2, 1, float("inf")])
    figure = rp.CurveFigure(
        title="t", series=[series], x_label="x", y_label="y", caption=example.caption()
    )
    svg = draw.inline_svg(figure, draw.WIDE, "wide")
    assert [d.count("L") for d in re.findall(r'<path d="(M[^"]+)" class="l"', svg)] == [1, 1]


def test_values_that_a_logarithm_cannot_show_are_left_out(example):
    series = rp.Curve(name="s", x=[0, 1, 10, 100], y=[5, -1, 10, 100], mark="points")
    figure = rp.CurveFigure(
        title="t", series=[series], x_label="x", y_label="y", caption=example.caption(),
        x_log=True, y_log=True,
    )  # fmt: skip
    assert draw.inline_svg(figure, draw.WIDE, "wide").count("<circle") == 2


def boxes(root, x=0.0, y=0.0, size=13.0):
    """Yield (text, left, top, right, bottom) of every word that is not turned."""
    for node in root:
        moved = re.fullmatch(r"translate\(([-\d.]+) ([-\d.]+)\)", node.get("transform", ""))
        if "rotate" in node.get("transform", ""):
            continue
        dx, dy = map(float, moved.groups()) if moved else (0.0, 0.0)
        if node.tag == "text":
            classes = node.get("class", "").split()
            words = "".join(node.itertext())
            size = 11.5 if "s" in classes else 13.0
            width = (
                sum(
                    text_width(
                        part.text or "", 11.5 if "s" in part.get("class", "").split() else 13.0
                    )
                    for part in node.iter()
                )
                / 1.08
            )  # the estimate is cautious; a touch is not an overlap
            left = x + float(node.get("x"))
            left -= width if "e" in classes else width / 2 if "c" in classes else 0.0
            bottom = y + float(node.get("y"))
            yield words, left, bottom - 0.72 * size, left + width, bottom
        yield from boxes(node, x + dx, y + dy)


@pytest.mark.parametrize("width", [draw.NARROW, draw.WIDE])
@pytest.mark.parametrize("name", NAMES)
def test_words_do_not_lie_on_one_another_or_leave_the_figure(figures, name, width):
    root = parse(draw.inline_svg(figures[name], width, "wide"))
    found = list(boxes(root))
    assert len(found) > 5
    for words, left, _, right, _ in found:
        assert left > -8 and right < width + 8, words
    for one, two in itertools.combinations(found, 2):
        apart = one[3] <= two[1] or two[3] <= one[1] or one[4] <= two[2] or two[4] <= one[2]
        assert apart, (one, two)


def test_the_check_for_overlap_can_fail():
    root = parse('<svg><text x="0" y="10">one</text><g><text x="3" y="12">two</text></g></svg>')
    (_, left, top, right, bottom), two = boxes(root)
    assert left < two[3] and two[1] < right and top < two[4] and two[2] < bottom


def test_figures_with_nothing_in_them_are_drawn(example):
    caption = example.caption()
    empty = [
        rp.BeforeAfterFigure(title="t", groups=[], caption=caption),
        rp.BeforeAfterFigure(
            title="t", groups=[rp.MetricGroup(title="m", rows=[])], caption=caption
        ),
        rp.OverviewFigure(title="t", groups=[], caption=caption),
        rp.CurveFigure(title="t", series=[], x_label="x", y_label="y", caption=caption),
        rp.CurveFigure(
            title="t", series=[rp.Curve(name="s", x=[NAN], y=[1])], x_label="x", y_label="y",
            caption=caption, x_log=True,
        ),
        rp.Histogram(title="t", edges=[0, 1], series=[], x_label="x", caption=caption),
        rp.Heatmap(title="t", row_labels=[], column_labels=[], values=[], caption=caption),
        rp.Heatmap(
            title="t", row_labels=["a"], column_labels=["b"], values=[[NAN]], caption=caption
        ),
        rp.BarFigure(title="t", categories=[], series=[], x_label="x", caption=caption),
    ]  # fmt: skip
    for figure in empty:
        for width in (draw.NARROW, draw.WIDE):
            assert "nan" not in draw.inline_svg(figure, width, "wide").lower().replace("nan ", "")
        parse(rp.figure_svg(figure))


def test_roles_differ_in_shape_and_not_only_in_colour(example):
    shapes = set()
    for kind in ("before", "after", "control", "ceiling", "null", "prediction"):
        rows = [rp.ScoreRow(label="a", value=0.5, kind=kind)]
        group = rp.MetricGroup(title="m", rows=rows)
        figure = rp.BeforeAfterFigure(title="t", groups=[group], caption=example.caption())
        root = parse(draw.inline_svg(figure, draw.WIDE, "wide"))
        mark = next(g for g in root.iter("g") if g.get("class") == "value")[0]
        shapes.add((mark.tag, mark.get("class"), mark.get("width")))
    assert len(shapes) == 6


@pytest.mark.parametrize(
    "kinds",
    [
        (None, None, "control"),
        ("prediction", *[None] * 4),
        [None] * 10,
    ],
)
def test_no_series_has_the_colour_of_anothers_role(kinds):
    colours = [LIGHT[name] for name in roles(kinds)]
    assert len(set(colours)) == len(kinds)


@pytest.mark.parametrize(("digits", "text"), [({}, "0.12"), ({"digits": 4}, "0.1235")])
def test_a_cell_of_a_heatmap_is_written_with_two_decimals_or_as_many_as_asked(
    digits, text, example
):
    figure = rp.Heatmap(title="t", row_labels=["a"], column_labels=["b"], values=[[0.12345]],
                        caption=example.caption(), **digits)  # fmt: skip
    texts = [each.text for each in parse(rp.figure_svg(figure)).iter("text")]
    assert text in texts


@pytest.mark.parametrize("links, role", [((), "img"), ((("pairs/a-b/report.html",),), "group")])
def test_a_figure_that_holds_links_is_no_image(links, role, example):
    """What is inside an image cannot be reached by those who do not see it."""
    figure = rp.Heatmap(title="t", row_labels=["a"], column_labels=["b"], values=[[0.5]],
                        links=links, caption=example.caption())  # fmt: skip
    drawn = parse(inline_svg(figure, 344, "narrow"))
    assert drawn.get("role") == role and len(list(drawn.iter("a"))) == len(links)
