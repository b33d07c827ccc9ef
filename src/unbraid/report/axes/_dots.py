"""Scores before and after, beside their controls: a dot and an interval per row."""

from __future__ import annotations

import math
from typing import Any

from unbraid.report._figures import MetricGroup
from unbraid.report._palette import LIGHT

_MARKS = {"before": "o", "after": "o", "control": "D", "ceiling": "|", "null": "x",
          "prediction": "s"}  # fmt: skip


def draw(group: MetricGroup, axes: Any) -> Any:
    """Draw one metric, the first row on top; what is missing says why."""
    for place, row in enumerate(group.rows):
        colour = LIGHT[row.kind]
        if not math.isfinite(row.value):
            axes.text(0.02, place, row.missing, color=LIGHT["muted"], va="center", fontsize=8,
                      transform=axes.get_yaxis_transform())  # fmt: skip
            continue
        if math.isfinite(row.low):
            axes.hlines(place, row.low, row.high, color=colour, linewidth=2)
        axes.plot(row.value, place, _MARKS[row.kind], color=colour, label=row.label)
        if math.isfinite(row.null):
            axes.plot(row.null, place, "x", color=LIGHT["null"], markersize=5)
        if math.isfinite(row.in_sample):
            axes.plot(row.in_sample, place, "o", color=LIGHT["null"], fillstyle="none",
                      markersize=9)  # fmt: skip
    axes.set_yticks(range(len(group.rows)), [row.label for row in group.rows])
    axes.set_ylim(len(group.rows) - 0.4, -0.6)
    axes.set_xlabel(group.title)
    if group.domain is not None:
        held = axes.dataLim
        room = 0.02 * (group.domain[1] - group.domain[0])
        axes.set_xlim(min(group.domain[0], held.x0) - room, max(group.domain[1], held.x1) + room)
    return axes
