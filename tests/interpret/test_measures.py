"""Measures of interpretability against units whose meaning is planted, or taken away."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import interpret
from unbraid.errors import InputError
from unbraid.responses import Responses

BY_EMBEDDING = [
    interpret.example_auc,
    interpret.machine_interpretability,
    interpret.pair_task,
    interpret.monosemanticity,
    interpret.interpretability_index,
]
IDS = [measure.__name__ for measure in BY_EMBEDDING]


def clusters(n, n_classes, rng, spread=0.02, d=20):
    """Labels, embeddings in tight clusters, and one unit per class that fires there alone."""
    label = rng.integers(n_classes, size=n)
    centres = np.linalg.qr(rng.normal(size=(d, n_classes)))[0].T
    e = centres[label] + spread * rng.normal(size=(n, d))
    units = np.eye(n_classes)[label] * rng.uniform(0.5, 1.5, size=(n, 1))
    return label, e, units


def shuffled(units, rng):
    return rng.permuted(units, axis=0)


@pytest.mark.parametrize("measure", BY_EMBEDDING, ids=IDS)
def test_a_unit_that_fires_on_one_class_has_one(measure):
    options = {"active_only": True} if measure is interpret.machine_interpretability else {}
    label, e, units = clusters(2000, 6, np.random.default_rng(0))
    found = measure(units, e, **options)
    np.testing.assert_allclose(found.values, 1, atol=0.02)
    by_label = measure(units, label, **options)
    np.testing.assert_allclose(by_label.values, 1, atol=1e-12)
    assert found.coverage == 1 and found.why() == {}


@pytest.mark.parametrize("measure", [*BY_EMBEDDING, interpret.label_purity])
@pytest.mark.parametrize("density", [0.04, 1.0])
def test_shuffled_units_are_at_chance(measure, density):
    """Sparse units with most activations equal as well as dense ones; twenty worlds."""
    inside, means = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        label, e, _ = clusters(600, 5, rng, spread=0.3)
        units = rng.normal(size=(600, 12)) * (rng.random((600, 12)) < density)
        units[:, 0] = 0.5 * (label == 1)  # all active stimuli tied
        units = shuffled(np.maximum(units, 0) if density < 1 else units, rng)
        judge = label if measure is interpret.label_purity else e
        found = measure(units, judge, rng=seed)
        known = found.scored & np.isfinite(found.low)
        inside.append(((found.low <= found.chance) & (found.chance <= found.high))[known].mean())
        means.append(found.value - found.mean_chance)
    assert abs(np.mean(means)) < 4 * np.std(means) / np.sqrt(20) + 1e-3
    if measure not in (interpret.interpretability_index, interpret.label_purity):
        assert np.mean(inside) > 0.85  # the five or twenty most exciting alone vary by more


def test_intervals_cover_what_other_stimuli_give():
    weights = np.random.default_rng(1).normal(size=(10, 8)) / np.sqrt(10)

    def drawn(seed):
        rng = np.random.default_rng(seed)
        e = rng.normal(size=(400, 10))
        return np.maximum(0.7 * e @ weights + rng.normal(size=(400, 8)) - 0.5, 0), e

    for measure in (interpret.example_auc, interpret.monosemanticity):
        draws = [measure(*drawn(seed), rng=0) for seed in range(40)]
        truth = np.mean([found.values for found in draws], axis=0)
        inside = [(f.low <= truth) & (truth <= f.high) for f in draws]
        assert 0.88 < np.mean(inside) <= 1
        sd = np.std([f.values for f in draws], axis=0).mean()
        assert 0.8 * sd < np.mean([f.se for f in draws]) < 1.4 * sd


@pytest.mark.parametrize("kind", ["embeddings", "similarity"])
@pytest.mark.parametrize("centre", [False, True])
def test_closed_form_of_monosemanticity_is_the_loop_over_pairs(kind, centre):
    rng = np.random.default_rng(2)
    a, e = np.maximum(rng.normal(size=(40, 5)), 0), rng.normal(size=(40, 7)) + 1
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    judge = interpret.embeddings(e) if kind == "embeddings" else interpret.similarity(unit @ unit.T)
    found = interpret.monosemanticity(a, judge, centre=centre)
    if centre:
        unit = unit - unit.mean(axis=0)
        unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    scaled = (a - a.min(0)) / (a.max(0) - a.min(0))
    for j in range(5):
        top = bottom = 0.0
        for i, k in itertools.combinations(range(40), 2):
            top += scaled[i, j] * scaled[k, j] * (unit[i] @ unit[k])
            bottom += scaled[i, j] * scaled[k, j]
        assert found.values[j] == pytest.approx(top / bottom, rel=1e-10, abs=1e-12)


def test_chance_of_monosemanticity_is_its_mean_over_permutations():
    rng = np.random.default_rng(3)
    a, e = rng.exponential(size=(5, 1)), rng.normal(size=(5, 3))
    a = np.vstack([a] * 4)
    e = np.vstack([e] * 4) + rng.normal(size=(20, 3))
    found = interpret.monosemanticity(a, e, shuffles=4000, rng=0)
    draws = [interpret.monosemanticity(a[rng.permutation(20)], e).values[0] for _ in range(400)]
    spread = found.details["null_sd"][0]
    assert np.mean(draws) == pytest.approx(found.chance[0], abs=5 * spread / 20)
    assert np.std(draws) == pytest.approx(spread, rel=0.2)
    assert found.details["excess"][0] == pytest.approx(found.values[0] - found.chance[0])


def test_interpretability_index_leaves_the_diagonal_out():
    rng = np.random.default_rng(4)
    a, e = rng.random((30, 3)), rng.normal(size=(30, 6))
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    found = interpret.interpretability_index(a, e, top=4)
    for j in range(3):
        rows = np.argsort(-a[:, j])[:4]
        pairs = [unit[i] @ unit[k] for i, k in itertools.combinations(rows, 2)]
        assert found.values[j] == pytest.approx(np.mean(pairs))


def test_label_purity_by_hand():
    a = np.zeros((40, 2))
    a[:20, 0] = np.arange(20, 0, -1)
    a[::2, 1] = 1
    label = np.array(["cat"] * 15 + ["dog"] * 5 + ["owl"] * 20)
    found = interpret.label_purity(a[:, :1], label)
    assert found.values[0] == pytest.approx(0.75)
    assert found.details["entropy"][0] == pytest.approx(-0.75 * np.log(0.75) - 0.25 * np.log(0.25))
    assert 0.5 < found.chance[0] < 0.6


def test_a_judge_of_similarity_says_what_its_embeddings_say():
    rng = np.random.default_rng(5)
    _, e, units = clusters(300, 4, rng, spread=0.5)
    units = units + 0.3 * rng.normal(size=units.shape)
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    for measure in BY_EMBEDDING:
        a = measure(units, interpret.embeddings(e), rng=0)
        b = measure(units, interpret.similarity(unit @ unit.T), rng=0)
        np.testing.assert_allclose(a.values, b.values, rtol=1e-9)
        np.testing.assert_allclose(a.se, b.se, rtol=1e-6, atol=1e-9)


def test_the_order_of_stimuli_of_a_judge_is_that_of_its_ids():
    rng = np.random.default_rng(6)
    _, e, units = clusters(200, 4, rng)
    ids = [f"s{i}" for i in range(200)]
    order = rng.permutation(200)
    x = Responses(units, stimuli=ids)
    told = Responses(e[order], stimuli=[ids[i] for i in order])
    a, b = interpret.example_auc(x, e), interpret.example_auc(x, told)
    np.testing.assert_array_equal(a.values, b.values)
    with pytest.raises(InputError, match="judge must describe each stimulus of activations"):
        interpret.example_auc(x, Responses(e[:100], stimuli=ids[:100]))


def test_codes_score_as_their_dense_array():
    rng = np.random.default_rng(7)
    _, e, units = clusters(300, 5, rng)
    for measure in BY_EMBEDDING:
        a, b = measure(sp.csr_array(units), e, rng=1), measure(units, e, rng=1)
        np.testing.assert_allclose(a.values, b.values, rtol=1e-12)


@pytest.mark.parametrize("measure", [*BY_EMBEDDING, interpret.label_purity])
def test_a_unit_that_cannot_be_scored_says_why(measure):
    rng = np.random.default_rng(8)
    label, e, units = clusters(400, 4, rng)
    rare = np.zeros(400)
    rare[3] = 1.0
    units = np.column_stack([np.full(400, 3.0), rare, units])
    options = {"active_only": True} if measure is interpret.machine_interpretability else {}
    found = measure(units, label if measure is interpret.label_purity else e, **options)
    assert found.reasons[0] == "constant"
    assert "few" in found.reasons[1] or "one stimulus alone" in found.reasons[1]
    assert np.isnan(found.values[:2]).all() and np.isfinite(found.values[2:]).all()
    assert found.coverage == pytest.approx(4 / 6)
    assert len(found.why()) == 2 and len(found.table()) == 6
    assert found.record()["not_scored"] == found.why()


def test_the_published_score_fills_sparse_tops_up_and_says_so():
    rng = np.random.default_rng(9)
    _, e, _ = clusters(800, 4, rng)
    rare = np.zeros((800, 1))
    rare[:8] = 1.0
    found = interpret.machine_interpretability(rare, e)
    assert found.details["active_share"][0] == pytest.approx(0.01)
    assert np.isfinite(found.values[0])


def test_a_temperature_changes_the_scale_alone():
    rng = np.random.default_rng(10)
    _, e, units = clusters(800, 6, rng, spread=0.15)
    units = units + np.linspace(0.05, 3, 6) * rng.normal(size=units.shape)
    share = interpret.machine_interpretability(units, e)
    soft = interpret.machine_interpretability(units, e, temperature=0.16)
    assert (soft.values > 0.5).all() and (soft.values < 1).all()
    assert np.corrcoef(share.values, soft.values)[0, 1] > 0.9


def test_a_difference_of_the_same_units_is_none_and_pairs_stimuli():
    rng = np.random.default_rng(11)
    _, e, units = clusters(400, 6, rng, spread=0.3)
    units = units + rng.normal(size=units.shape)
    a = interpret.example_auc(units, e)
    same = interpret.score_difference(a, a)
    assert same.value == 0 and same.paired
    b = interpret.example_auc(units + 2 * rng.normal(size=units.shape), e)
    assert interpret.score_difference(a, b).low > 0
    with pytest.raises(InputError, match="one measure"):
        interpret.score_difference(a, interpret.pair_task(units, e))


def test_a_unit_that_is_mostly_on_is_excited_where_it_is_on():
    rng = np.random.default_rng(14)
    label, e, _ = clusters(400, 3, rng)
    on = (label != 0)[:, None] * 1.0
    assert interpret.example_auc(on, e).values[0] == 1
    trials = interpret.intrusion_trials(np.column_stack([on[:, 0], label == 0]))
    for items, place in zip(trials.items[:20], trials.place[:20], strict=True):
        assert (label[np.delete(items, place)] != 0).all() and label[items[place]] == 0


def test_light_judges_see_pictures_and_colours():
    rng = np.random.default_rng(12)
    kind = rng.integers(3, size=120)
    pictures = np.zeros((120, 20, 20, 3))
    for i, k in enumerate(kind):
        pictures[i, 6 * k : 6 * k + 6, :, k] = 200 + 20 * rng.random()
    units = np.eye(3)[kind] + 0.01 * rng.random((120, 3))
    for judge in (interpret.pixels(pictures), interpret.colour(pictures)):
        assert interpret.example_auc(units, judge).value == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda x: interpret.similarity(x), "must be square"),
        (lambda x: interpret.similarity(np.triu(np.ones((5, 5)))), "must be symmetric"),
        (lambda x: interpret.similarity(1 - np.eye(5)), "these are distances"),
        (lambda x: interpret.labels(np.ones(30)), "at least two kinds"),
        (lambda x: interpret.labels(x[:, 0]), "got fractions"),
        (lambda x: interpret.example_auc(x, np.ones((30, 30))), "say which"),
        (lambda x: interpret.example_auc(x, x[:20]), "must describe the 30 stimuli"),
        (lambda x: interpret.example_auc(x, x, top=0.7), "top must lie in"),
        (lambda x: interpret.example_auc(x[:10], x[:10, :1]), "At least 20 stimuli"),
        (lambda x: interpret.label_purity(x, x), "one label per stimulus"),
        (lambda x: interpret.machine_interpretability(x, x), "At least 40 stimuli"),
        (lambda x: interpret.machine_interpretability(x, x, quantile=0.6), "quantile must lie"),
        (lambda x: interpret.machine_interpretability(x, x, temperature=0), "must be positive"),
        (lambda x: interpret.pixels(x), "pictures must have shape"),
        (lambda x: interpret.colour(np.ones((30, 4, 4))), "must differ in mean colour"),
    ],
)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(InputError, match=message):
        call(np.random.default_rng(13).normal(size=(30, 4)))


@pytest.mark.parametrize("values", [np.zeros((40, 3)), np.outer(np.arange(1.0, 41), [1, 2, 3])])
def test_a_judge_that_tells_nothing_apart_is_refused(values):
    with pytest.raises(InputError, match="embeddings must tell stimuli apart, got 40"):
        interpret.embeddings(values)
    x = np.random.default_rng(0).random((40, 2))
    with pytest.raises(InputError, match="must tell stimuli apart"):
        interpret.example_auc(x, values)
    with pytest.raises(InputError, match="must tell stimuli apart"):
        interpret.embeddings(np.ones((40, 3)), centre=True)
