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

_PIVOT = 0.75  # of a snippet's largest activation, from which on a token is a pivot
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
    """Tokens looked at."""
    firing: int
    """How many of them fire the unit."""


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuronToGraph:
    """A unit's graph, and its held-out scores beside simpler predictions."""

    graph: NeuronGraph
    """Patterns found in the first half of the snippets."""
    scores: Mapping[str, FiringScore]
    """``graph``, ``token`` (look-up of the token alone) and ``n_gram`` (of the longest n-gram seen,
    n up to 3) on the snippets held out; with `` random`` behind the name on random ones."""

    def __repr__(self) -> str:
        told = ", ".join(f"{name} F1 {score.f1:.3f}" for name, score in self.scores.items())
        return f"NeuronToGraph({len(self.graph.paths)} patterns; {told})"


def neuron_to_graph(
    snippets: Sequence[Tokens],
    respond: Respond,
    *,
    random: Sequence[Tokens] = (),
    substitutes: Mapping[str, Sequence[str]] | None = None,
    mask: str = "_",
    rng: int | np.random.Generator | None = 0,
) -> NeuronToGraph:
    """Build the graph of a unit from half of its top snippets; test it on the other half.

    Parameters
    ----------
    snippets : sequence of token sequences
        Texts that excite the unit most.
    respond : callable
        Takes a list of token lists and returns the unit's activation at each token of each.
    random : sequence of token sequences, optional
        Random texts: precision on top snippets alone is inflated, since the unit fires there.
    substitutes : mapping of token to tokens, optional
        Candidates for important tokens, as in ``neuron_graph``.
    mask : str
        Token that stands for nothing.
    rng : int or Generator
        Of the halves.

    Returns
    -------
    NeuronToGraph
        The graph, and the scores of its predictions beside look-ups.

    Raises
    ------
    InputError
        Fewer than two snippets; nothing excites the unit; answers of another length than the text.

    References
    ----------
    Foote et al. (2023), Neuron to Graph: interpreting language model neurons at scale,
    arXiv 2305.19911.

    Examples
    --------
    >>> texts = [["the", "red", "cat"], ["a", "cat", "sat"], ["red", "cat"], ["my", "cat"]]
    >>> respond = lambda texts: [[float(token == "cat") for token in text] for text in texts]
    >>> neuron_to_graph(texts, respond).scores["graph"].f1
    1.0
    """
    texts = _texts(snippets, "snippets", least=2)
    order = _validate.as_rng(rng).permutation(len(texts))
    build = [texts[i] for i in order[: (len(texts) + 1) // 2]]
    test = [texts[i] for i in order[(len(texts) + 1) // 2 :]]
    graph = neuron_graph(build, respond, substitutes=substitutes, mask=mask)
    token, n_gram = (_looked_up(build, respond, longest) for longest in (1, 3))
    predictions: dict[str, Callable[[Tokens], np.ndarray]] = {
        "graph": graph.predict, "token": token, "n_gram": n_gram,
    }  # fmt: skip
    scores = {}
    for suffix, tested in (("", test), (" random", _texts(random, "random"))):
        if tested:
            true = _activations(respond, tested)
            for name, predict in predictions.items():
                made = [predict(text) for text in tested]
                scores[name + suffix] = firing_score(made, true, graph.largest)
    return NeuronToGraph(graph=graph, scores=scores)


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
    texts = _texts(snippets, "snippets", least=1)
    activations = _activations(respond, texts)
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
    at = np.array([a[pivot - s] for a, s in zip(_activations(respond, cut), starts, strict=True)])
    enough = np.flatnonzero(at >= _KEPT * whole)
    start = starts[int(enough[0])] if len(enough) else max(0, pivot - _LONGEST)
    short, end = text[start : pivot + 1 + _AFTER], pivot - start
    now = float(_activations(respond, [short])[0][end])
    if not now > 0:
        return []
    masked = [[*short[:i], mask, *short[i + 1 :]] for i in range(end)]
    lost = [1 - float(a[end]) / now for a in _activations(respond, masked)] if masked else []
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
        measured = _activations(respond, changed)
        found += [(path(t), float(a[end])) for t, a in zip(changed, measured, strict=True)]
    return found


def _looked_up(
    texts: list[list[str]], respond: Respond, longest: int
) -> Callable[[Tokens], np.ndarray]:
    """Return the prediction by the mean activation after the longest n-gram that was seen."""
    seen: dict[tuple[str, ...], list[float]] = {}
    for text, at in zip(texts, _activations(respond, texts), strict=True):
        for end in range(len(text)):
            for size in range(1, min(longest, end + 1) + 1):
                seen.setdefault(tuple(text[end + 1 - size : end + 1]), []).append(float(at[end]))

    def predict(tokens: Tokens) -> np.ndarray:
        found = np.zeros(len(tokens))
        for end in range(len(tokens)):
            for size in range(min(longest, end + 1), 0, -1):
                values = seen.get(tuple(tokens[end + 1 - size : end + 1]))
                if values:
                    found[end] = np.mean(values)
                    break
        return found

    return predict


def _texts(snippets: Any, name: str, least: int = 0) -> list[list[str]]:
    if isinstance(snippets, str) or any(isinstance(text, str) for text in snippets):
        raise InputError(f"{name} must be sequences of tokens, not text: split it first.")
    texts = [[str(token) for token in text] for text in snippets]
    texts = [text for text in texts if text]
    if len(texts) < least:
        raise InputError(f"{name} must hold at least {least} texts, got {len(texts)}.")
    return texts


def _activations(respond: Respond, texts: list[list[str]]) -> list[np.ndarray]:
    answers = [_validate.as_floats(a, "activations") for a in respond(texts)]
    if [a.shape for a in answers] != [(len(text),) for text in texts]:
        raise InputError("respond must return one activation for each token of each text.")
    return answers
