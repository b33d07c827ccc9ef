"""The study `additivity`: whether a network's answer to two things is the sum of its answers."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from unbraid import interpret
from unbraid._progress import Progress
from unbraid.studies._study import Claim, StudyResult
from unbraid.studies.networks._additivity_page import (
    ZEROS,
    Key,
    contrast,
    explained_figure,
    figure,
    rows,
    worst,
)
from unbraid.studies.networks._composite_study import CompositeStudy, last_layers
from unbraid.studies.networks._composites import ARRANGEMENTS, EMPTY, CanvasSystem, Things, canvases

_FEW_PAIRS = 10  # pairs in the paper


class Additivity(CompositeStudy):
    """Composites of real pictures, in image networks, untrained ones and pixels."""

    name: ClassVar[str] = "additivity"
    question: ClassVar[str] = (
        "Is a network's answer to two things the sum of its answers to each, beyond what a common "
        "mean, pixels, and pooling over positions make of it?"
    )
    reduced: ClassVar[dict[str, Any]] = {
        "kinds": ("objects",), "networks_used": ("squeezenet1_1",), "pairs": 12, "seeds": 1,
    }  # fmt: skip

    pairs: int = Field(default=46, ge=3, le=46)
    """Pairs; nothing is in two of them."""

    def answer(self, progress: Progress) -> StudyResult:
        """Compose, record, compare cosines, and check the claims against them."""
        found: dict[Key, list[interpret.Composed]] = {}
        few: dict[Key, list[interpret.Composed]] = {}
        explained: dict[tuple[str, ...], list[float]] = {}
        for kind, shown, chosen, source, rng in self.choices(2, self.pairs, progress):
            for (arrangement, layer), sides in _sides(source, shown, *chosen).items():
                explained.setdefault((kind, arrangement, layer), []).append(_explained(sides))
                for zero, offset in _offsets(sides).items():
                    where = (kind, arrangement, layer, zero)
                    whole, some = (
                        interpret.additivity(*(x[:n] for x in sides[:3]), mean=offset, rng=rng)
                        for n in (None, _FEW_PAIRS)
                    )
                    found.setdefault(where, []).append(whole)
                    few.setdefault(where, []).append(some)
        return StudyResult(
            name=self.name,
            question=self.question,
            claims=[*self._claims(found, few), *self._beyond_pooling(explained)],
            table=rows(found, few, explained),
            figures=[explained_figure(explained, kind) for kind in self.kinds]
            + [
                figure(found, kind, arrangement, self.pairs)
                for kind in self.kinds
                for arrangement in ARRANGEMENTS
            ],
            settings={},
            notes=[
                "In place, each thing stands alone where it stands in the pair: less the empty "
                "canvas, pixels add up by construction, and so does a layer whose fields see one "
                "thing. Moved, the lone thing stands in the centre: a layer averaged over "
                "positions still adds up, trained or not. Overlapping, the second thing hides a "
                "part of the first.",
                "Zero is the answer to an empty canvas: f(a) + f(b) = f(a and b) + f(empty) in a "
                "code that adds. With the mean answer as zero even such a code adds up only in "
                "part, because the mean is not zero.",
                "The paper's baseline, the cosine of the parts with each other, is easily beaten: "
                "a sum of two lies nearer to any third answer than one does, because what is not "
                "common averages out. The better part and shuffled pairs are stricter.",
                "`explained`: 1 - var(f(a and b) - f(a) - f(b)) / var(f(a and b)) over pairs; it "
                "needs no zero. It is near 1 in the first layer: averages over positions of local "
                "features add up whether or not anything was learned.",
                "The paper used ViT-B/16, pictures by a generative model, and 10 pairs, and gives "
                "p < 1e-5 in the representation and p = .88 in pixels.",
            ],
        )

    def _claims(
        self, found: dict[Key, list[interpret.Composed]], few: dict[Key, list[interpret.Composed]]
    ) -> list[Claim]:
        last = [n for n in last_layers(found).values() if not n.startswith("untrained")]
        cells = [(kind, name) for kind in self.kinds for name in last]
        parts, parts_few = (
            {
                (kind, name): worst(runs[kind, "moved", name, "none"], "parts")
                for kind, name in cells
            }
            for runs in (found, few)
        )
        pixels = {
            kind: worst(found[kind, "moved", "pixels", "none"], "parts") for kind in self.kinds
        }
        strict = {
            (kind, name, base): _gain(found[kind, "moved", name, ZEROS[-1]], base)
            for kind, name in cells
            for base in ("better part", "shuffled")
        }
        return [
            Claim(
                text="the answer to two things is nearer to the sum of the answers to each than "
                "those are to each other",
                holds=all(p < 1e-5 for p in parts.values()),
                evidence="t test, the least sure pairing: "
                + ", ".join(
                    f"{name} ({kind}) p {p:.1g} ({parts_few[kind, name]:.1g} over {_FEW_PAIRS} "
                    "pairs)"
                    for (kind, name), p in parts.items()
                ),
            ),
            Claim(
                text="pixels do not pass that test",
                holds=all(p > 0.05 for p in pixels.values()),
                evidence=", ".join(f"{kind} p {p:.1g}" for kind, p in pixels.items()),
            ),
            Claim(
                text="less the empty canvas, the sum is nearer than the better part, and than a "
                "sum with another pair's part",
                holds=all(value > 0 and p < 0.001 for value, p in strict.values()),
                evidence=", ".join(
                    f"{name} ({kind}) {value:+.2f} over {base}"
                    for (kind, name, base), (value, _) in strict.items()
                ),
            ),
        ]

    def _beyond_pooling(self, explained: dict[tuple[str, ...], list[float]]) -> list[Claim]:
        """Compare trained networks with untrained ones, averaged in the same way."""
        claims = []
        for arrangement in ("moved", "overlapping"):
            own = {k: np.mean(v) for k, v in explained.items() if k[1] == arrangement}
            last = [(kind, name) for kind in self.kinds for name in last_layers(own).values()]
            values = {(kind, name): own[kind, arrangement, name] for kind, name in last}
            claims.append(
                Claim(
                    text=f"trained networks add up better than untrained ones, {arrangement}",
                    holds=all(
                        value > values[kind, f"untrained {name}"]
                        for (kind, name), value in values.items()
                        if not name.startswith("untrained")
                    ),
                    evidence="variance over pairs explained: "
                    + ", ".join(f"{name} ({kind}) {v:.2f}" for (kind, name), v in values.items()),
                )
            )
        return claims


def _sides(
    source: CanvasSystem, shown: Things, first: np.ndarray, second: np.ndarray
) -> dict[tuple[str, str], tuple[np.ndarray, ...]]:
    """Return (first alone, second alone, both, empty) for each arrangement and layer."""
    pictures: dict[Any, np.ndarray] = {"empty": EMPTY}
    for each in ARRANGEMENTS.values():
        for which, place in zip((first, second), each.alone, strict=True):
            pictures[place, which is first] = canvases(shown, [which], [place])
        pictures[each.together] = canvases(shown, [first, second], each.together)
    found: dict[tuple[str, str], tuple[np.ndarray, ...]] = {}
    for name, answers in source.answers(pictures).items():
        for arrangement, each in ARRANGEMENTS.items():
            one, other = each.alone
            both, empty = answers[each.together], answers["empty"]
            found[arrangement, name] = answers[one, True], answers[other, False], both, empty
    return found


def _offsets(sides: tuple[np.ndarray, ...]) -> dict[str, np.ndarray | None]:
    """Return what each choice of zero subtracts."""
    mean = np.concatenate(sides[:3]).mean(axis=0)
    return dict(zip(ZEROS, (None, mean, sides[3][0]), strict=True))


def _explained(sides: tuple[np.ndarray, ...]) -> float:
    """Share of the variance over pairs of the answers to both that the sum explains; no zero."""
    one, other, both, _ = (side.astype(float) for side in sides)
    left = both - one - other
    spread = [np.square(x - x.mean(axis=0)).sum() for x in (left, both)]
    return float(1 - spread[0] / spread[1])


def _gain(runs: list[interpret.Composed], baseline: str) -> tuple[float, float]:
    """Return the mean gain, and the largest sign-flip p of any pairing."""
    each = [contrast(one, baseline) for one in runs]
    return float(np.mean([c.difference for c in each])), max(c.sign_flip_p for c in each)
