"""The shape of each role: colour is never the only sign."""

from __future__ import annotations

from unbraid.report._text import text_width
from unbraid.report.draw._svg import element, line, text

NAMES = {
    "before": "before",
    "after": "after",
    "control": "control",
    "ceiling": "ceiling",
    "null": "chance",
    "prediction": "theory",
    "ring": "in-sample",
    "cross": "chance",
}


def mark(kind: str, x: float, y: float) -> str:
    """Return the mark of a role, centred on a point."""
    x, y = float(x), float(y)
    if kind == "after":
        return element("circle", cx=x, cy=y, r=5.5, class_="f")
    if kind == "before":
        return element("circle", cx=x, cy=y, r=4.8, class_="o")
    if kind == "control":
        return element("rect", x=x - 4.8, y=y - 4.8, width=9.6, height=9.6, rx=1.2, class_="f")
    if kind == "prediction":
        diamond = f"M{x - 6.2:.2f} {y:.2f}l6.2 -6.2 6.2 6.2 -6.2 6.2z"
        return element("path", d=diamond, class_="o")
    if kind == "ceiling":
        return element("rect", x=x - 1.6, y=y - 8.0, width=3.2, height=16.0, class_="f")
    if kind == "ring":
        return element("circle", cx=x, cy=y, r=4.5, class_="ring")
    return element("path", d=f"M{x - 4:.2f} {y - 4:.2f}l8 8m0 -8l-8 8", class_="cross", fill="none")


def legend(
    items: list[tuple[str, str, str]], x: float, y: float, width: float
) -> tuple[str, float]:
    """Lay out ``(role, mark, name)`` in lines; return the markup and the height it takes."""
    parts, cursor, baseline = [], x, y + 12.0
    for role, shape, name in items:
        needed = 18 + text_width(name, 11.5) + 18
        if cursor > x and cursor + needed - 18 > x + width:
            cursor, baseline = x, baseline + 19.0
        symbol = swatch(shape, cursor + 6, baseline - 4)
        parts.append(
            element("g", symbol, text(name, cursor + 17, baseline, "s m"), class_=f"k-{role}")
        )
        cursor += needed
    return "".join(parts), (baseline - y + 8.0 if items else 0.0)


def swatch(shape: str, x: float, y: float) -> str:
    """Return a legend's sign: a mark, a line, a dashed line, a point or a filled patch."""
    if shape == "line":
        return line(x - 7, y, x + 7, y, "l")
    if shape == "dashed":
        return element("line", x1=x - 7, y1=y, x2=x + 7, y2=y, class_="l", stroke_dasharray="4 3")
    if shape == "points":
        return element("circle", cx=float(x), cy=float(y), r=3.2, class_="f")
    if shape == "patch":
        return element("rect", x=x - 6, y=y - 5, width=12.0, height=10.0, rx=2, class_="a2")
    return mark(shape, x, y)
