"""SVG elements as strings: escaped, rounded, always in the same order."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from unbraid.report._text import printable


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What was drawn, and the room it takes."""

    body: str
    width: float
    height: float


def element(name: str, *children: str, **attributes: object) -> str:
    """Write one element; children are markup, attributes are escaped, None leaves one out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    content = "".join(children)
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def text(content: str, x: float, y: float, style: str = "") -> str:
    """Write one line of text; ``style`` names classes of the figure's CSS."""
    return element("text", clean(content), x=x, y=y, class_=style or None)


def span(content: str, style: str) -> str:
    """Write a run of text inside another, in its own style."""
    return element("tspan", clean(content), class_=style)


def title(content: str) -> str:
    """Write the tooltip of the element that holds it."""
    return element("title", clean(content))


def line(x1: float, y1: float, x2: float, y2: float, style: str) -> str:
    """Write a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=style)


def rect(x: float, y: float, width: float, height: float, style: str, **more: object) -> str:
    """Write a rectangle; a negative width or height is none."""
    return element(
        "rect", x=x, y=y, width=max(width, 0.0), height=max(height, 0.0), class_=style, **more
    )


def polyline(points: list[tuple[float, float]], style: str) -> str:
    """Write a line through points."""
    return element("path", d=path(points), class_=style)


def path(points: list[tuple[float, float]]) -> str:
    """Return the path data through points."""
    return "M" + "L".join(f"{rounded(x)} {rounded(y)}" for x, y in points)


def clean(content: object) -> str:
    """Escape text and drop the characters that XML cannot hold."""
    return escape(printable(str(content)), quote=True)


def rounded(value: float) -> str:
    """Write a coordinate with at most two decimals."""
    written = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written


def _attribute(value: object) -> str:
    return rounded(value) if isinstance(value, float) else clean(value)
