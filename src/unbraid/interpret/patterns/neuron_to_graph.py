"""Neuron to Graph: the patterns of one half of the snippets, scored on the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_answer
from unbraid.interpret.patterns.neuron_graph import (
    FiringScore,
    NeuronGraph,
    Respond,
    Tokens,
    activations_of,
    firing_score,
    neuron_graph,
    texts_of,
)


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NeuronToGraph:
    """A unit's graph, and its held-out scores beside simpler predictions."""

    graph: NeuronGraph
    """Patterns found in the first half of the snippets."""
    scores: Mapping[str, FiringScore]
    """``graph``, ``token`` (look-up of the token alone) and ``n_gram`` (of the longest n-gram seen,
    n up to 3) on the snippets held out; with `` random`` after the name on random ones."""

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
    texts = texts_of(snippets, "snippets", least=2)
    order = _validate.as_rng(rng).permutation(len(texts))
    build = [texts[i] for i in order[: (len(texts) + 1) // 2]]
    test = [texts[i] for i in order[(len(texts) + 1) // 2 :]]
    graph = neuron_graph(build, respond, substitutes=substitutes, mask=mask)
    token, n_gram = (_looked_up(build, respond, longest) for longest in (1, 3))
    predictions: dict[str, Callable[[Tokens], np.ndarray]] = {
        "graph": graph.predict, "token": token, "n_gram": n_gram,
    }  # fmt: skip
    scores = {}
    for suffix, tested in (("", test), (" random", texts_of(random, "random"))):
        if tested:
            true = activations_of(respond, tested)
            for name, predict in predictions.items():
                made = [predict(text) for text in tested]
                scores[name + suffix] = firing_score(made, true, graph.largest)
    return NeuronToGraph(graph=graph, scores=scores)


def _looked_up(
    texts: list[list[str]], respond: Respond, longest: int
) -> Callable[[Tokens], np.ndarray]:
    """Return the prediction by the mean activation after the longest n-gram that was seen."""
    seen: dict[tuple[str, ...], list[float]] = {}
    for text, at in zip(texts, activations_of(respond, texts), strict=True):
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
