"""How well each system is predicted, together and alone, as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from unbraid import report
from unbraid.errors import InputError
from unbraid.sharing._beside import (
    ALONE,
    FOUND_AGAIN,
    FOUND_ALONE,
    FOUND_ELSEWHERE,
    JOINT,
    MATCHED,
    RIDGE,
    SEPARATE,
    TOGETHER,
)

_KINDS: dict[str, Any] = {
    RIDGE: "before",
    SEPARATE: "control",
    JOINT: "after",
    ALONE: "before",
    TOGETHER: "after",
    MATCHED: "control",
    FOUND_ALONE: "before",
    FOUND_ELSEWHERE: "control",
    FOUND_AGAIN: "after",
}


def system_figure(result: Any, system: str | None = None) -> report.BeforeAfterFigure:
    """Return the figure of one system, by default the first."""
    system = result.names[0] if system is None else system
    figures = beside_figure(result, [system])
    if not figures:
        raise InputError(
            f"Nothing was predicted of {system!r}; there are {', '.join(result.names)}."
        )
    return figures[0]


def beside_figure(result: Any, names: Sequence[str]) -> list[report.BeforeAfterFigure]:
    """Return R2 of some systems, predicted from the others and from what was not left out."""
    groups = []
    for name in names:
        rows = [
            report.ScoreRow(label=each.measure, value=each.value, low=each.low, high=each.high,
                            kind=_KINDS[each.measure])
            for each in result.beside
            if each.target == name and each.kind == "R2"
        ]  # fmt: skip
        if rows:
            groups.append(report.MetricGroup(title=f"{name}: R2 of its units", rows=rows))
    if not groups:
        return []
    return [
        report.BeforeAfterFigure(
            title="Together and alone",
            groups=groups,
            caption=report.Caption(
                finding="Units left out are predicted from all other units under the joint "
                "dictionary, or from the system's own under its own dictionary; ridge predicts all "
                "units of a system from the others.",
                n=len(result.held_stimuli),
                seed=seed_of(result),
            ),
        )
    ]


def seed_of(result: Any) -> Any:
    """Return the seed as a caption takes it: none where a generator was given."""
    seed = result.provenance["seed"]
    return () if seed is None else seed
