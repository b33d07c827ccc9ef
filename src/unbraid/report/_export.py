"""A figure on its own: an SVG file with its own style, for a README or a slide."""

from __future__ import annotations

from unbraid.errors import InputError
from unbraid.report._figures import FIGURES, Figure
from unbraid.report._gallery import MatchedUnits
from unbraid.report._palette import standalone_css
from unbraid.report._text import wrap
from unbraid.report.draw import WIDE, describe, draw
from unbraid.report.draw._svg import clean, element, rect, text, title

_MARGIN = 28.0  # pixels around an exported figure
_DRAWN = (*FIGURES, MatchedUnits)


def figure_svg(figure: Figure | MatchedUnits) -> str:
    """Return a figure with its title and caption as one self-contained SVG, in light colours.

    Parameters
    ----------
    figure : Figure or MatchedUnits
        What is drawn.

    Returns
    -------
    str
        An SVG document; the same figure gives the same bytes.

    Raises
    ------
    InputError
        If the block is not a drawn figure.

    Examples
    --------
    >>> from unbraid import report
    >>> caption = report.Caption(finding="It rises.", n=2, seed=())
    >>> curve = report.Curve(name="value", x=[0, 1], y=[1, 2])
    >>> figure = report.CurveFigure(title="Growth", series=[curve], x_label="step", y_label="value",
    ...                             caption=caption)
    >>> figure_svg(figure)[:4], figure_svg(figure) == figure_svg(figure)
    ('<svg', True)
    """
    if not isinstance(figure, _DRAWN):
        raise InputError(
            f"figure_svg takes a drawn figure ({', '.join(kind.__name__ for kind in _DRAWN)}), "
            f"got {type(figure).__name__}."
        )
    drawing = draw(figure, WIDE)
    width = WIDE + 2 * _MARGIN
    head = [
        text(line, 0.0, 20.0 + 22 * i, "h") for i, line in enumerate(wrap(figure.title, WIDE, 18))
    ]
    top = 22.0 * len(head) + 18
    finding = figure.caption.finding.replace("**", "").replace("`", "")
    caption = [*wrap(finding, WIDE, 13, 4), figure.caption.facts]
    below = top + drawing.height + 22
    foot = [text(line, 0.0, below + 19 * i, "m") for i, line in enumerate(caption)]
    height = below + 19 * len(caption) + 2 * _MARGIN - 12
    body = element("g", drawing.body, transform=f"translate(0 {top:g})")
    moved = element("g", *head, body, *foot, transform=f"translate({_MARGIN:g} {_MARGIN:g})")
    style = element(
        "style", standalone_css(drawing.body) + "\n.fig .h{font-size:18px;font-weight:600}"
    )
    return element(
        "svg", title(figure.title), element("desc", clean(describe(figure))), style,
        rect(0.0, 0.0, width, height, "paper", fill="#ffffff"), moved,
        xmlns="http://www.w3.org/2000/svg", class_="fig", role="img", width=f"{width:g}",
        height=f"{height:g}", viewBox=f"0 0 {width:g} {height:g}",
    )  # fmt: skip
