"""Concepts: best units, sparse probes, splitting and absorption against what is planted."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from unbraid import interpret
from unbraid.errors import InputError
from unbraid.interpret.concepts._logistic import logistic
from unbraid.interpret.concepts._with_concepts import aucs, labelled, placements
from unbraid.interpret.concepts.selectivity import _average_precision
from unbraid.responses import Responses
from unbraid.sparse import TopK, Untangled, fit
from unbraid.worlds import FeatureHierarchy


def world(seed, n=1200, n_features=12, n_units=8):
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.5, 1.5, (n, n_features)) * (rng.random((n, n_features)) < 0.1)
    a = rng.normal(size=(n_features, n_units))
    return z, z @ (a / np.linalg.norm(a, axis=1, keepdims=True))


def test_areas_and_precisions_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=(80, 3)), 1)
    y = rng.random((80, 2)) < 0.3
    both = labelled(x, y.astype(float))
    table = aucs(both, np.arange(80))
    for unit in range(3):
        for concept in range(2):
            area = roc_auc_score(y[:, concept], x[:, unit])
            assert table[unit, concept] == pytest.approx(area)
            place = placements(x[:, unit], y[:, concept])
            assert place[y[:, concept]].mean() == pytest.approx(area)
            assert place[~y[:, concept]].mean() == pytest.approx(area)
            precision = average_precision_score(y[:, concept], x[:, unit])
            assert _average_precision(x[:, unit], y[:, concept]) == pytest.approx(precision)


def test_the_probe_is_a_logistic_regression():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(300, 3))
    y = x @ [1, -0.5, 0] + rng.normal(size=300) > 1
    weights = logistic(x, y)
    # scikit-learn sums losses of weight n / (2 count); ours average them over 1/2 a kind
    model = LogisticRegression(C=1 / (300 * 1e-3), class_weight="balanced", tol=1e-10).fit(x, y)
    np.testing.assert_allclose(weights[1:], model.coef_[0], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(weights[0], model.intercept_[0], rtol=1e-4)


def test_features_above_units_and_one_latent_is_enough():
    z, x = world(2)
    assert interpret.best_unit(z, z).value == 1
    assert interpret.sparse_probe(z, z, k=1).value == pytest.approx(1, abs=0.01)
    assert interpret.splitting(z, z).value == 1
    of_units = [interpret.sparse_probe(x, z, k=k).value for k in (1, 2, 5, None)]
    assert all(np.diff(of_units) > 0) and of_units[0] < 0.85
    assert interpret.best_unit(x, z).interval.high < 0.95
    assert interpret.selectivity(z, z).details["average_precision"].mean() == pytest.approx(1)


def test_the_right_unit_and_sign_are_chosen():
    rng = np.random.default_rng(3)
    z = (rng.random((400, 3)) < 0.3) * 1.0
    x = np.column_stack([rng.normal(size=400), -z[:, 1], z[:, 0], np.zeros(400)])
    found = interpret.best_unit(x, z)
    np.testing.assert_array_equal(found.details["unit"][:2], [2, 1])
    np.testing.assert_array_equal(found.details["same_unit"][:2], 1)
    np.testing.assert_array_equal(found.values[:2], 1)
    assert found.values[2] < 0.7
    of_units = interpret.selectivity(Responses(x, units=list("abcd")), z)
    assert of_units.reasons[3] == "constant" and list(of_units.names) == list("abcd")
    np.testing.assert_array_equal(of_units.details["concept"][1:3], [1, 0])


@pytest.mark.parametrize("measure", [interpret.best_unit, interpret.selectivity])
def test_the_best_of_many_units_of_noise_is_at_chance(measure):
    means, inside = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, z = rng.normal(size=(300, 40)), (rng.random((300, 6)) < 0.3) * 1.0
        found = measure(x, z, rng=seed)
        means.append(found.value)
        inside.append(((found.low <= 0.5) & (found.high >= 0.5)).mean())
    assert np.mean(means) == pytest.approx(0.5, abs=4 * np.std(means) / np.sqrt(20))
    assert np.mean(inside) > 0.88


def test_a_probe_of_noise_is_at_chance():
    rng = np.random.default_rng(4)
    x, z = rng.normal(size=(400, 60)), (rng.random((400, 10)) < 0.2) * 1.0
    for k in (1, 5, None):
        found = interpret.sparse_probe(x, z, k=k)
        assert found.interval.low < 0.5 < found.interval.high


def test_a_concept_told_by_three_latents_is_split_in_three():
    rng = np.random.default_rng(5)
    which, on = rng.integers(3, size=2000), rng.random(2000) < 0.3
    latents = np.zeros((2000, 6))
    latents[np.arange(2000), which] = on
    latents[:, 3:] = rng.random((2000, 3)) * (rng.random((2000, 3)) < 0.2)
    assert interpret.splitting(latents, on[:, None] * 1.0).values[0] == 3


def test_absorption_by_hand():
    rng = np.random.default_rng(6)
    parent = rng.random(4000) < 0.4
    child = parent & (rng.random(4000) < 0.3)
    z = np.column_stack([parent, child]) * 1.0
    assert interpret.absorption(z, z, [-1, 0]).values[1] == 0
    absorbed = np.column_stack([parent & ~child, child]) * 1.0
    found = interpret.absorption(absorbed, z, [-1, 0])
    assert found.values[1] == 1 and found.details["missed"][1] == pytest.approx(0.3, abs=0.05)
    assert found.reasons == ("has no parent", "")
    half = child & (rng.random(4000) < 0.5)
    partly = np.column_stack([parent & ~half, child]) * 1.0
    assert interpret.absorption(partly, z, [-1, 0]).values[1] == pytest.approx(0.5, abs=0.08)


@pytest.mark.parametrize("seed", [0, 1])
def test_topk_absorbs_parents_and_untangled_does_not(seed):
    family = FeatureHierarchy(
        n_roots=3, children=4, depth=1, alone=17, active_roots=1.6, zipf=0.5, given_parent=0.2,
        exclusive=True, magnitude="normal", n_units=48,
    ).sample(6000, rng=seed)  # fmt: skip
    train, test = family.responses[:5000], family.responses[5000:]
    truth = family.features[5000:].toarray()
    wide = TopK(n_latents=32, k=3, training={"steps": 400})
    learned = [fit(train, method, rng=0) for method in (wide, Untangled(of=wide))]
    absorbed, freed = (
        interpret.absorption(each.encode(test), truth, family.parents) for each in learned
    )
    assert absorbed.above_chance > 0.4 and np.nanmean(absorbed.details["missed"]) > 0.3
    assert freed.above_chance < 0.2 and np.nanmean(freed.details["missed"]) < 0.1
    assert interpret.absorption(truth, truth, family.parents).value == 0


def test_a_probe_sees_topk_absorb_and_untangled_not():
    """Children of a twentieth: of more the published measure says that the parent is split."""
    family = FeatureHierarchy(
        n_roots=3, children=8, depth=1, alone=8, active_roots=1.2, zipf=0.3, given_parent=0.05,
        exclusive=True, magnitude="normal", n_units=64,
    ).sample(10_000, rng=0)  # fmt: skip
    train, test = family.responses[:6000], family.responses[6000:]
    roots = family.features[6000:].toarray()[:, :3]
    wide = TopK(n_latents=35, k=3, training={"steps": 600})
    absorbed, freed = (
        interpret.probe_absorption(
            test, learned.encode(test), learned.atoms, roots, offset=learned.offset
        )
        for learned in (fit(train, method, rng=0) for method in (wide, Untangled(of=wide)))
    )
    assert (absorbed.details["f1"] > 0.99).all() and (freed.details["f1"] > 0.99).all()
    assert (absorbed.details["full"] > 0.04).all() and (freed.details["full"] == 0).all()
    assert absorbed.value > 0.15 > 0.05 > freed.value
    assert interpret.score_difference(absorbed, freed).low > 0


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda z, x: interpret.best_unit(x, z[:50]), "concepts must describe the 1200 stimuli"),
        (lambda z, x: interpret.best_unit(x, ["a"] * 3), "concepts must name the 1200 stimuli"),
        (lambda z, x: interpret.best_unit(x[:10], z[:10]), "At least 20 stimuli"),
        (lambda z, x: interpret.sparse_probe(x, z, k=0), "k must be a whole number >= 1"),
        (lambda z, x: interpret.absorption(x, z, [0] * 3), "parents must hold the parent"),
        (lambda z, x: interpret.absorption(x, z, np.arange(12)), "parents must hold the parent"),
    ],
)
def test_bad_input_is_one_clear_line(call, message):
    with pytest.raises(InputError, match=message):
        call(*world(7))


def test_rare_concepts_are_left_out_with_a_reason():
    z, x = world(8)
    z[:, 0] = 0
    z[0, 0] = 1
    for measure in (interpret.best_unit, interpret.sparse_probe, interpret.splitting):
        found = measure(x, z)
        assert "fewer than 5" in found.reasons[0] and np.isnan(found.values[0])
        assert found.of == "concepts" and len(found) == 12


def test_labels_are_concepts():
    rng = np.random.default_rng(9)
    name = rng.choice(["cat", "dog", "owl"], size=300)
    x = np.column_stack([name == "dog", rng.random(300)]) * 1.0
    found = interpret.best_unit(x, name)
    assert list(found.names) == ["cat", "dog", "owl"] and found.values[1] == 1


def test_absorption_by_a_probe_by_hand():
    """One concept on one axis: what its latent lacks, the child's latent carries."""
    rng = np.random.default_rng(10)
    parent = rng.random(4000) < 0.4
    child = parent & (rng.random(4000) < 0.04)  # more, and the parent counts as split
    x = np.column_stack([parent, child]) * 1.0
    whole = interpret.probe_absorption(x, x, np.eye(2), x)
    assert whole.values.tolist() == [0, 0] and whole.details["full"].tolist() == [0, 0]
    assert whole.details["f1"].tolist() == [1, 1] and whole.details["main"].tolist() == [1, 1]
    absorbed = np.column_stack([parent & ~child, child]) * 1.0
    atoms = np.array([[1.0, 0], [1, 1]])
    found = interpret.probe_absorption(x, absorbed, atoms, parent[:, None] * 1.0)
    on = child.sum() / parent.sum()
    assert found.values[0] == pytest.approx(on, abs=0.01)
    assert found.details["full"][0] == pytest.approx(on, abs=0.01)
    assert found.low[0] < on < found.high[0]
    half = np.column_stack([parent - 0.5 * child, 0.5 * child])  # half is absorbed, none in full
    partly = interpret.probe_absorption(x, half, atoms, parent[:, None] * 1.0)
    assert partly.values[0] == pytest.approx(on / 2, abs=0.01) and partly.details["full"][0] == 0
    scale = rng.uniform(0.5, 2, size=2)
    again = interpret.probe_absorption(
        x + 7, absorbed / scale, atoms * scale[:, None], parent[:, None] * 1.0, offset=[7.0, 7.0]
    )
    assert again.values[0] == pytest.approx(found.values[0], abs=1e-12)


def test_what_no_probe_tells_has_no_absorption():
    rng = np.random.default_rng(11)
    z, x = world(12)
    random = (rng.random((len(x), 1)) < 0.1) * 1.0
    found = interpret.probe_absorption(x, np.abs(x), np.eye(8), random)
    assert "F1 below .6" in found.reasons[0] and np.isnan(found.values[0])
    assert "fewer than 5" in interpret.probe_absorption(x, x, np.eye(8), 0 * random).reasons[0]
    with pytest.raises(InputError, match=r"atoms must have shape \(8, 8\)"):
        interpret.probe_absorption(x, x, np.eye(3), z)
    with pytest.raises(InputError, match="codes must describe the 1200 stimuli"):
        interpret.probe_absorption(x, x[:9], np.eye(8), z)
