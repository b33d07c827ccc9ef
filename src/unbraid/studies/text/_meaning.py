"""Analogies among words: how near a - b + c comes to d, and whether d is the nearest word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.interpret import additivity, analogy
from unbraid.studies._study import Figure, Series

_CONTROLS = ("untrained", "random top-k", "random relu")


@dataclass(frozen=True, kw_only=True, eq=False)
class Relation:
    """One relation in one representation."""

    system: str
    source: str
    relation: str
    cosine: float
    gain: float
    """Mean of cos(a - b + c, d) - cos(c, d)."""
    p: float
    """One-sided sign-flip p of the gain."""
    solved: np.ndarray
    """(n,) 1 where d is the word nearest to a - b + c."""
    solved_by_c: np.ndarray
    """(n,) 1 where d is the word nearest to c alone: what needs no addition."""

    @property
    def row(self) -> dict[str, Any]:
        """Return the row of the table."""
        return {
            "layer": self.system, "source": self.source, "what": self.relation,
            "n": len(self.solved), "cosine": self.cosine, "over c": self.gain, "p": self.p,
            "solved": float(self.solved.mean()), "solved by c": float(self.solved_by_c.mean()),
        }  # fmt: skip


def relations(
    values: np.ndarray,
    at: Mapping[str, int],
    table: Mapping[str, Sequence[tuple[str, str]]],
    *,
    about: tuple[str, str],
    vocabulary: int,
) -> list[Relation]:
    """Return each relation of a table in a representation ``values`` (n, p), centred.

    Each pair is asked from the next one: ``second_i - first_i + first_j ~ second_j``. Candidates
    are the first ``vocabulary`` rows and all words of ``at``, but those that are given.
    """
    candidates = np.concatenate([np.arange(vocabulary), np.array(sorted(at.values()))])
    length = np.linalg.norm(values[candidates], axis=1)
    unit = values[candidates] / np.where(length > 0, length, 1.0)[:, None]
    found = []
    for name, pairs in table.items():
        there = [pair for pair in pairs if all(word in at for word in pair)]
        first, second = (np.array([at[pair[i]] for pair in there]) for i in (0, 1))
        a, b, c, d = np.roll(second, 1), np.roll(first, 1), first, second
        composed = analogy(values[a], values[b], values[c], values[d])
        over_c = next(each for each in composed.contrasts if each.baseline == "c")
        guesses = []
        for asked in (values[a] - values[b] + values[c], values[c]):
            nearness = asked @ unit.T
            for given in (a, b, c):
                nearness[candidates[None] == given[:, None]] = -np.inf
            guesses.append((candidates[nearness.argmax(axis=1)] == d).astype(float))
        found.append(
            Relation(
                system=about[0],
                source=about[1],
                relation=name,
                cosine=float(composed.statistic.mean()),
                gain=over_c.difference,
                p=over_c.sign_flip_p,
                solved=guesses[0],
                solved_by_c=guesses[1],
            )
        )
    return found


def retrieval(found: Sequence[Relation], system: str, source: str) -> np.ndarray:
    """Return whether each analogy of all relations is solved by one source of a system."""
    mine = [line.solved for line in found if (line.system, line.source) == (system, source)]
    return np.concatenate(mine)


def solved_figure(found: list[list[Relation]], seed: int) -> Figure:
    """Draw the share of analogies that each representation solves."""
    names = [line.relation for line in found[0]]
    series = [
        Series(
            name=f"{lines[0].system}, {lines[0].source}",
            x=names,
            y=[float(line.solved.mean()) for line in lines],
            kind="control" if lines[0].source in _CONTROLS else "measured",
        )
        for lines in found
        if lines[0].source in ("units", "codes", "random relu")
    ]
    best = max(series, key=lambda s: np.mean(s.y))
    return Figure(
        kind="bar",
        title="Analogies solved",
        x_label="",
        y_label="share of analogies whose nearest word is right",
        series=series,
        caption=f"Most are solved by {best.name}: {np.mean(best.y):.2f}. Seed {seed}.",
    )


def sum_row(
    layer: str, source: str, what: str, a: np.ndarray, b: np.ndarray, both: np.ndarray, seed: int
) -> dict[str, Any]:
    """Return whether things together are the sum of each, as a row of the table."""
    found = additivity(a, b, both, rng=seed)
    over = {contrast.baseline: contrast for contrast in found.contrasts}
    return {
        "layer": layer, "source": source, "what": what, "n": len(a),
        "cosine": float(found.statistic.mean()), "over better part": over["better part"].difference,
        "over shuffled": over["shuffled"].difference, "p": over["better part"].sign_flip_p,
    }  # fmt: skip
