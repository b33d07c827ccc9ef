"""The minimal part of a stimulus and the graph of a text unit, against what is planted."""

import numpy as np
import pytest

from unbraid import interpret
from unbraid.errors import InputError

WORDS = [f"w{i}" for i in range(30)]


def pair_unit(texts):
    """Fire at 'tea' right after 'hot', or after any one token between."""
    found = []
    for text in texts:
        at = np.zeros(len(text))
        for i in range(1, len(text)):
            at[i] = 2.0 * (text[i] == "tea" and text[i - 1] == "hot")
        found.append(at)
    return found


def gap_unit(texts):
    """Fire at 'tea' two tokens after 'hot' or 'warm'."""
    return [
        np.array([
            3.0 * (i > 1 and text[i] == "tea" and text[i - 2] in ("hot", "warm"))
            for i in range(len(text))
        ])
        for text in texts
    ]  # fmt: skip


def texts_with(rng, count, *pattern):
    found = []
    for _ in range(count):
        text = list(rng.choice([*WORDS, "tea", "hot"], size=14))
        at = int(rng.integers(2, 10))
        text[at : at + len(pattern)] = [w or rng.choice(WORDS) for w in pattern]
        found.append(text)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_token_pair_is_one_pattern_with_f1_1(seed):
    rng = np.random.default_rng(seed)
    top = texts_with(rng, 20, "hot", "tea")
    loose = [list(rng.choice([*WORDS, "tea", "hot", "tea"], size=20)) for _ in range(40)]
    found = interpret.neuron_to_graph(top, pair_unit, random=loose + top[:2], rng=seed)
    assert found.graph.patterns() == ["hot tea"]
    assert found.scores["graph"].f1 == 1 and found.scores["graph random"].f1 == 1
    assert found.scores["token random"].f1 < 1  # 'tea' alone does not fire it
    assert found.graph.largest == 2 and found.scores["graph"].firing >= 10


def test_wildcards_and_measured_substitutes():
    rng = np.random.default_rng(1)
    top = texts_with(rng, 12, "hot", None, "tea")
    near = {"hot": ["cold", "warm"], "tea": ["hot"]}
    graph = interpret.neuron_graph(top, gap_unit, substitutes=near)
    assert sorted(graph.patterns()) == ["hot * tea", "warm * tea"]
    np.testing.assert_array_equal(graph.predict(["a", "warm", "b", "tea"]), [0, 0, 0, 3])
    assert interpret.neuron_graph(top, gap_unit).patterns() == ["hot * tea"]


def test_the_longest_pattern_decides():
    graph = interpret.NeuronGraph(
        paths={("tea",): 0.6, ("tea", None, "hot"): 0.8, ("tea", "b", "hot"): 1.0}, largest=2.0
    )
    np.testing.assert_allclose(graph.predict(["tea", "hot", "b", "tea"]), [1.2, 0, 0, 2.0])
    np.testing.assert_allclose(graph.predict(["hot", "c", "tea"]), [0, 0, 1.6])


def test_n_grams_back_off():
    top = [["hot", "tea", "x", "tea"], ["x", "hot", "tea", "y"]]
    found = interpret.neuron_to_graph(top, pair_unit, random=top, rng=0)
    assert found.scores["n_gram random"].f1 >= found.scores["token random"].f1


def test_firing_scores_by_hand():
    score = interpret.firing_score([[1.0, 0, 1, 0]], [[1.0, 1, 0, 0]], 1.0)
    assert (score.precision, score.recall, score.f1) == (0.5, 0.5, 0.5)
    assert np.isnan(interpret.firing_score([[0.0]], [[0.0]], 1.0).f1)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: interpret.neuron_graph(["some text"], pair_unit), "sequences of tokens"),
        (lambda: interpret.neuron_graph([["a", "b"]], pair_unit), "No snippet excites"),
        (lambda: interpret.neuron_graph([["a"]], lambda t: [[1.0, 2]]), "each token of each text"),
        (lambda: interpret.neuron_to_graph([["a"]], pair_unit), "at least 2 texts"),
        (lambda: interpret.minimal_part(lambda m: m[:, 0] * 0, 3), "must excite the unit"),
        (lambda: interpret.minimal_part(lambda m: m, 3), "one activation for each"),
        (lambda: interpret.minimal_part(lambda m: m[:, 0], 3, keep=0), "keep must lie"),
        (lambda: interpret.patches(np.ones((3, 3)), grid=7), "7 or more pixels per side"),
    ],
)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_an_and_of_two_patches_needs_these():
    picture = np.zeros((28, 28))
    picture[:4, :4] = 1
    picture[24:, 24:] = 1
    n_parts, show = interpret.patches(picture)

    def respond(masks):
        shown = show(masks)
        return np.minimum(shown[:, 1, 1], shown[:, 26, 26])

    found = interpret.minimal_part(respond, n_parts)
    np.testing.assert_array_equal(found.parts, [0, 48])
    assert found.alone == 1 and found.share == pytest.approx(2 / 49)
    assert found.importance[[0, 48]].min() > 0.9 > np.delete(found.importance, [0, 48]).max()


def test_of_an_or_one_part_is_found_and_none_can_be_spared():
    rng = np.random.default_rng(2)
    weights = rng.exponential(size=12)

    def respond(masks):
        return np.maximum(masks @ weights - 0.2 * weights.sum(), 0)

    found = interpret.minimal_part(respond, 12)
    assert found.alone >= 0.5 * found.whole
    for part in found.parts:
        mask = np.zeros((1, 12), bool)
        mask[0, np.setdiff1d(found.parts, part)] = True
        assert respond(mask)[0] < 0.5 * found.whole
    either = interpret.minimal_part(lambda m: (m[:, 2] | m[:, 5]) * 1.0, 8)
    assert len(either.parts) == 1 and either.parts[0] in (2, 5)


def test_colours_are_masked_by_the_mean():
    picture = np.random.default_rng(3).random((6, 6, 3))
    _, show = interpret.patches(picture, grid=2)
    shown = show(np.array([[True, False, False, False]]))
    np.testing.assert_array_equal(shown[0, :3, :3], picture[:3, :3])
    np.testing.assert_allclose(shown[0, 4, 4], picture.mean(axis=(0, 1)))
