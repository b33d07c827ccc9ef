"""Neuron to Graph: which token patterns make a unit of a text model fire, as a trie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.errors import InputError

Tokens = Sequence[str]
Respond = Callable[[list[list[str]]], Sequence[Any]]

_PIVOT = 0.75  # a token is a pivot from this share of its snippet's largest activation
_KEPT = 0.5  # of a pivot's activation that a pruned context must keep
_IMPORTANT = 0.5  # share of the activation that is lost when an important token is masked
_FIRES = 0.5  # of the largest activation
_LONGEST = 30  # tokens of context at most
_AFTER = 5  # tokens kept behind a pivot


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuronGraph:
    """Patterns that fire a unit, each read backwards from the token at which it fires."""

    paths: Mapping[tuple[str | None, ...], float]
    """Pattern (the firing token first, then what stands before it; None is any token) and the
    activation it gives, as a share of ``largest``."""
    largest: float
    """Largest activation in the snippets that built it."""

    def __repr__(self) -> str:
        return f"NeuronGraph({len(self.paths)} patterns)"

    def patterns(self) -> list[str]:
        """Return the patterns in reading order, the strongest first; ``*`` is any token."""
        ranked = sorted(self.paths, key=lambda path: -self.paths[path])
        return [" ".join("*" if t is None else t for t in reversed(path)) for path in ranked]

    def predict(self, tokens: Tokens) -> np.ndarray:
        """Return the activation at each token: that of the longest pattern that ends there, or 0.

        Of equally long ones, that with most tokens named.
        """
        found = np.zeros(len(tokens))
        for end in range(len(tokens)):
            best = (0, 0, 0.0)
            for path, value in self.paths.items():
                if len(path) <= end + 1 and all(
                    t is None or tokens[end - back] == t for back, t in enumerate(path)
                ):
                    named = sum(t is not None for t in path)
                    best = max(best, (len(path), named, value))
            found[end] = best[2]
        return found * self.largest


@documented_answer
@dataclass(frozen=True, kw_only=True)
class FiringScore:
    """How well a prediction says at which tokens a unit fires (above half of its largest)."""

    precision: float
    """NaN where nothing is predicted to fire."""
    recall: float
    """NaN where nothing fires."""
    f1: float
    """NaN where nothing fires and nothing is predicted to."""
    tokens: int
    """Tokens that were examined."""
    firing: int
    """How many of them fire the unit."""


def neuron_graph(
    snippets: Sequence[Tokens],
    respond: Respond,
    *,
    substitutes: Mapping[str, Sequence[str]] | None = None,
    mask: str = "_",
) -> NeuronGraph:
    """Return the token patterns that fire a unit in these snippets.

    At each token with three quarters of its snippet's largest activation, the shortest context
    before it is found that keeps half of the activation; each token there is masked to see what it
    gives; those that cost less than half of the activation become wildcards, and the pattern ends
    at the last token that counts.

    Parameters
    ----------
    snippets : sequence of token sequences
        Texts that excite the unit most.
    respond : callable
        Takes a list of token lists and returns the unit's activation at each token of each.
    substitutes : mapping of token to tokens, optional
        Candidates for important tokens, such as the nearest of an embedding table: each is put in
        their place and *measured*; those that fire the unit give patterns of their own.
    mask : str
        Token that stands for nothing.

    Returns
    -------
    NeuronGraph
        Patterns and their mean activations, as shares of the largest.

    Raises
    ------
    InputError
        Nothing excites the unit; answers of another length than the text.

    Examples
    --------
    >>> def respond(texts):  # fires at "cat" behind "red"
    ...     return [[float(text[max(i - 1, 0) : i + 1] == ["red", "cat"]) for i in range(len(text))]
    ...             for text in texts]
    >>> neuron_graph([["the", "red", "cat"], ["a", "cat"]], respond).paths
    {('cat', 'red'): 1.0}
    """
    texts = texts_of(snippets, "snippets", least=1)
    activations = activations_of(respond, texts)
    largest = max(float(a.max()) for a in activations)
    if not largest > 0:
        raise InputError("No snippet excites the unit: give those with its largest activations.")
    paths: dict[tuple[str | None, ...], list[float]] = {}
    for text, at in zip(texts, activations, strict=True):
        for pivot in np.flatnonzero((at >= _PIVOT * at.max()) & (at > 0)):
            for path, value in _patterns(text, int(pivot), float(at[pivot]), respond, mask,
                                         substitutes=substitutes or {}):  # fmt: skip
                if value > _FIRES * largest:
                    paths.setdefault(path, []).append(value / largest)
    return NeuronGraph(
        paths={path: float(np.mean(values)) for path, values in paths.items()}, largest=largest
    )


def firing_score(predicted: Sequence[Any], true: Sequence[Any], largest: float) -> FiringScore:
    """Return precision, recall and F1 of firing tokens, above half of the largest activation.

    Parameters
    ----------
    predicted : sequence of arrays
        Activations predicted at each token, text by text.
    true : sequence of arrays
        Activations measured there.
    largest : float
        Activation whose half is the threshold.

    Returns
    -------
    FiringScore
        Each in [0, 1]; NaN where it is not defined.

    Examples
    --------
    >>> found = firing_score([[0.0, 1.0, 1.0]], [[0.0, 0.0, 1.0]], 1.0)
    >>> found.precision, found.recall
    (0.5, 1.0)
    """
    said = np.concatenate([np.asarray(p) for p in predicted]) > _FIRES * largest
    fires = np.concatenate([np.asarray(t) for t in true]) > _FIRES * largest
    hits = int((said & fires).sum())
    both = int(said.sum() + fires.sum())
    nan = float("nan")
    return FiringScore(
        precision=hits / int(said.sum()) if said.any() else nan,
        recall=hits / int(fires.sum()) if fires.any() else nan,
        f1=2 * hits / both if both else nan,
        tokens=len(fires),
        firing=int(fires.sum()),
    )


def _patterns(
    text: list[str],
    pivot: int,
    whole: float,
    respond: Respond,
    mask: str,
    *,
    substitutes: Mapping[str, Sequence[str]],
) -> list[tuple[tuple[str | None, ...], float]]:
    """Return the patterns of one firing token, each with the activation that was measured."""
    starts = range(pivot, max(-1, pivot - _LONGEST - 1), -1)
    cut = [text[start : pivot + 1 + _AFTER] for start in starts]
    at = np.array([a[pivot - s] for a, s in zip(activations_of(respond, cut), starts, strict=True)])
    enough = np.flatnonzero(at >= _KEPT * whole)
    start = starts[int(enough[0])] if len(enough) else max(0, pivot - _LONGEST)
    short, end = text[start : pivot + 1 + _AFTER], pivot - start
    now = float(activations_of(respond, [short])[0][end])
    if not now > 0:
        return []
    masked = [[*short[:i], mask, *short[i + 1 :]] for i in range(end)]
    lost = [1 - float(a[end]) / now for a in activations_of(respond, masked)] if masked else []
    important = [i for i in range(end) if lost[i] > _IMPORTANT]
    first = min(important, default=end)

    def path(tokens: list[str]) -> tuple[str | None, ...]:
        return tuple(
            tokens[i] if i == end or i in important else None for i in range(end, first - 1, -1)
        )

    found = [(path(short), whole)]
    changed = [
        [*short[:i], other, *short[i + 1 :]]
        for i in (*important, end)
        for other in substitutes.get(short[i], ())
        if other != short[i]
    ]
    if changed:
        measured = activations_of(respond, changed)
        found += [(path(t), float(a[end])) for t, a in zip(changed, measured, strict=True)]
    return found


def texts_of(snippets: Any, name: str, least: int = 0) -> list[list[str]]:
    """Return snippets as lists of tokens, at least so many."""
    if isinstance(snippets, str) or any(isinstance(text, str) for text in snippets):
        raise InputError(f"{name} must be sequences of tokens, not text: split it first.")
    texts = [[str(token) for token in text] for text in snippets]
    texts = [text for text in texts if text]
    if len(texts) < least:
        raise InputError(f"{name} must hold at least {least} texts, got {len(texts)}.")
    return texts


def activations_of(respond: Respond, texts: list[list[str]]) -> list[np.ndarray]:
    """Return the unit's activation at each token of each text."""
    answers = [_validate.as_floats(a, "activations") for a in respond(texts)]
    if [a.shape for a in answers] != [(len(text),) for text in texts]:
        raise InputError("respond must return one activation for each token of each text.")
    return answers
