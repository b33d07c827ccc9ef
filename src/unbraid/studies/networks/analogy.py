"""The study `analogy`: whether one thing can be exchanged for another by adding and subtracting."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret
from unbraid._progress import Progress
from unbraid.studies._across import across, series
from unbraid.studies._study import Claim, Figure, StudyResult
from unbraid.studies.networks._composite_study import CompositeStudy, last_layers
from unbraid.studies.networks._composites import ARRANGEMENTS, CanvasSystem, Things, canvases

Key = tuple[str, str, str]  # pictures, arrangement, source
_QUERIES = ("a - b + c", "c alone", "a alone")


class Analogy(CompositeStudy):
    """``f(1 and 2) - f(1) + f(3)`` against ``f(3 and 2)``, in networks and pixels."""

    name: ClassVar[str] = "analogy"
    question: ClassVar[str] = (
        "Does a network's answer to two things, less that to one of them, plus that to a third, "
        "point to the answer to the new pair, and to none that shares a part with it?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "kinds": ("objects",), "networks_used": ("squeezenet1_1",), "triples": 10, "seeds": 1,
    }  # fmt: skip

    triples: int = Field(default=30, ge=3, le=30)
    """Triples of things; nothing is in two of them."""

    def answer(self, progress: Progress) -> StudyResult:
        """Compose, record, add and subtract, and look up what is meant."""
        found: dict[Key, list[dict[str, Any]]] = {}
        for kind, shown, chosen, source, rng in self.choices(3, self.triples, progress):
            for key, one in _solved(source, shown, chosen, rng).items():
                found.setdefault((kind, *key), []).append(one)
        table = [_row(key, runs) for key, runs in found.items()]
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=self._claims(found),
            table=table,
            figures=[
                _figure(found, kind, arrangement, 4 * self.triples - 1)
                for kind in self.kinds
                for arrangement in ARRANGEMENTS
            ],
            settings={},
            notes=[
                "a shows things 1 and 2, b thing 1, c thing 3, d things 3 and 2. The mean answer "
                "is removed. Candidates are all pairs shown but the triple's own a; for each "
                "triple two of them share one thing with d: 3 with another triple's 2, and 2 with "
                "another's 3.",
                "In place, pixels solve it by construction. Moved, any layer averaged over "
                "positions can, trained or not. Overlapping, things hide each other.",
                "By c or a alone the right pair and one that shares a thing with it are equally "
                "near: first about half the time at best.",
            ],
        )

    def _claims(self, found: dict[Key, list[dict[str, Any]]]) -> list[Claim]:
        ends = last_layers(found)
        trained = {k: v for k, v in ends.items() if not k.startswith("untrained")}

        def first(kind: str, arrangement: str, source: str, query: str = "a - b + c") -> float:
            return _share_first(found[kind, arrangement, source], query)

        claims = []
        for arrangement in ("moved", "overlapping"):
            cells = [(kind, name) for kind in self.kinds for name in trained.values()]
            claims.append(
                Claim(
                    text=f"adding and subtracting finds the new pair, {arrangement}",
                    holds=all(
                        first(kind, arrangement, name)
                        > max(first(kind, arrangement, name, q) for q in _QUERIES[1:])
                        and first(kind, arrangement, name) > 0.5
                        for kind, name in cells
                    ),
                    evidence=", ".join(
                        f"{name} ({kind}): first in {first(kind, arrangement, name):.0%}, by c "
                        f"alone {first(kind, arrangement, name, 'c alone'):.0%}"
                        for kind, name in cells
                    ),
                )
            )
            claims.append(
                Claim(
                    text=f"training makes it, not pooling alone, {arrangement}",
                    holds=all(
                        first(kind, arrangement, name)
                        > first(kind, arrangement, ends[f"untrained {short}"])
                        for kind in self.kinds
                        for short, name in trained.items()
                    ),
                    evidence=", ".join(
                        f"{name} ({kind}) {first(kind, arrangement, name):.0%}"
                        for kind in self.kinds
                        for name in ends.values()
                    ),
                )
            )
        pixels = [first(kind, "moved", "pixels") for kind in self.kinds]
        claims.append(
            Claim(
                text="pixels do not solve it once things have moved",
                holds=max(pixels) < 0.5,
                evidence=", ".join(
                    f"{k} first in {p:.0%}" for k, p in zip(self.kinds, pixels, strict=True)
                ),
            )
        )
        return claims


def _solved(
    source: CanvasSystem, shown: Things, triple: np.ndarray, rng: np.random.Generator
) -> dict[tuple[str, str], dict[str, Any]]:
    """Cosines and ranks in each arrangement and layer."""
    one, two, three = triple
    next_two, next_three = np.roll(two, 1), np.roll(three, 1)
    pairs = {"a": (one, two), "d": (three, two), "with 3": (three, next_two),
             "with 2": (next_three, two)}  # fmt: skip
    pictures: dict[Any, np.ndarray] = {}
    for each in ARRANGEMENTS.values():
        pictures["b", each.alone[0]] = canvases(shown, [one], each.alone[:1])
        pictures["c", each.alone[0]] = canvases(shown, [three], each.alone[:1])
        for name, rows in pairs.items():
            pictures[name, each.together] = canvases(shown, list(rows), each.together)
    found = {}
    for layer, answers in source.answers(pictures).items():
        for arrangement, each in ARRANGEMENTS.items():
            b, c = (answers[name, each.alone[0]] for name in ("b", "c"))
            a, d, *near = (answers[name, each.together] for name in pairs)
            mean = np.concatenate([a, b, c, d, *near]).mean(axis=0)
            solved = interpret.analogy(a, b, c, d, mean=mean, rng=rng)
            candidates = np.concatenate([d, a, *near]) - mean
            n = len(d)
            queries = (a - b + c - mean, c - mean, a - mean)
            ranks = {
                name: interpret.retrieval_ranks(
                    query, candidates, np.arange(n), excluded=n + np.arange(n)
                )
                for name, query in zip(_QUERIES, queries, strict=True)
            }
            found[arrangement, layer] = {"cosines": solved, "ranks": ranks}
    return found


def _share_first(runs: list[dict[str, Any]], query: str) -> float:
    return float(np.mean([np.mean(run["ranks"][query] == 1) for run in runs]))


def _row(key: Key, runs: list[dict[str, Any]]) -> dict[str, Any]:
    first = across([np.mean(run["ranks"][_QUERIES[0]] == 1) for run in runs], most=1)
    row: dict[str, Any] = {
        "pictures": key[0], "arrangement": key[1], "source": key[2], "first": first.mean,
        "low": first.low, "high": first.high,
        "first_by_c": _share_first(runs, "c alone"), "first_by_a": _share_first(runs, "a alone"),
        "median_rank": float(np.mean([np.median(run["ranks"][_QUERIES[0]]) for run in runs])),
        "candidates": 4 * len(runs[0]["ranks"][_QUERIES[0]]) - 1,
        "cosine": float(np.mean([run["cosines"].statistic.mean() for run in runs])),
    }  # fmt: skip
    for i, contrast in enumerate(runs[0]["cosines"].contrasts):
        each = [run["cosines"].contrasts[i] for run in runs]
        row[f"over_{contrast.baseline}"] = float(np.mean([c.difference for c in each]))
        row[f"over_{contrast.baseline}_t_p"] = max(c.t_p for c in each)
        row[f"over_{contrast.baseline}_flip_p"] = max(c.sign_flip_p for c in each)
    return row | {"seeds": len(runs)}


def _figure(
    found: dict[Key, list[dict[str, Any]]], kind: str, arrangement: str, candidates: int
) -> Figure:
    own = {key[2]: runs for key, runs in found.items() if key[:2] == (kind, arrangement)}
    bars = []
    for query in _QUERIES:
        first = [
            across([np.mean(r["ranks"][query] == 1) for r in runs], most=1) for runs in own.values()
        ]
        kind = "measured" if query == _QUERIES[0] else "control"
        bars.append(series(query, list(own), [f.row for f in first], kind=kind))
    n_seeds = len(next(iter(own.values())))
    return Figure(
        kind="bar", title=f"{kind.capitalize()}, {arrangement}: the new pair is found first",
        x_label="source", y_label="share of triples", series=bars,
        caption=f"One right answer among {candidates} candidates; {n_seeds} choice(s) of triples.",
    )  # fmt: skip
