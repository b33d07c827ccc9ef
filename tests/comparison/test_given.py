"""Dictionaries that a caller brings: compared as they are, with controls of their own width."""

import dataclasses

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison import page
from unbraid.errors import InputError
from unbraid.report import render
from unbraid.sparse import random_like

FEW = {"metrics": ("semi_matching",), "permutations": 3, "resamples": 50}
BOTH = {**FEW, "metrics": ("semi_matching", "ridge")}


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (900, 24)) * (rng.random((900, 24)) < 0.08)
    a, b = (rng.normal(size=(24, p)) for p in (16, 14))
    return z @ a, z @ b, z, a, b


def true_dictionary(atoms, k=4):
    """Return the dictionary that a perfect training would end with, encoded by pursuit."""
    return ub.Dictionary(
        atoms=atoms, offset=np.zeros(atoms.shape[1]), method=ub.Pursuit(k=k), by="omp", k=k
    )


@pytest.fixture(scope="module")
def learned(world):
    x, y, *_ = world
    few = ub.Training(steps=300)
    return (
        ub.fit(x[:450], ub.TopK(n_latents=32, k=3, training=few), rng=0),
        ub.fit(y[:450], ub.BatchTopK(n_latents=48, k=3, training=few), rng=1),
    )


@pytest.fixture(scope="module")
def result(world, learned, tmp_path_factory):
    """Two layouts, two sizes, from disk, with responses to learn controls from."""
    x, y, *_ = world
    folder = tmp_path_factory.mktemp("saes")
    ub.export(learned[0], folder / "a", "sparsify")
    learned[1].save(folder / "b")
    return ub.compare(
        x[450:],
        y[450:],
        x_train=x[:450],
        y_train=y[:450],
        dictionaries=(folder / "a", str(folder / "b")),
        x_untrained=np.random.default_rng(5).normal(size=(450, 16)),
        **BOTH,
    )


def test_codes_are_those_of_the_given_dictionaries(result, world, learned):
    x, y, *_ = world
    ours = result.lifted[0]
    for each, dictionary, scored in zip(ours, learned, (x[450:], y[450:]), strict=True):
        expected = dictionary.encode(scored).toarray()
        np.testing.assert_allclose(each.codes.toarray(), expected, atol=1e-5)
    score = ub.align.semi_matching(ours[0].codes, ours[1].codes, permutations=0, resamples=0)
    (found,) = result.find("semi_matching", "codes", "codes")
    assert found.value == pytest.approx(score.value, abs=0.05)  # other folds
    assert result.n_train == (450, 450) and len(result.rows) == 450


def test_every_control_has_its_own_sides_width(result):
    for each, m in zip(result.lifted[0], (32, 48), strict=True):
        names = {"random_dictionary", "random_expansion", "shuffled_latents", "frozen_decoder",
                 "soft_frozen_decoder", "frozen_encoder"}  # fmt: skip
        assert names <= each.controls.keys()
        assert {each.controls[name].shape[1] for name in names} == {m}
        for name in names - {"random_dictionary"}:
            assert each.controls[name].l0 == pytest.approx(each.codes.l0, abs=1)
    assert "untrained_copy" in result.lifted[0][0].controls
    rivals = {change.name.partition(" - ")[2] for change in result.changes}
    assert {"frozen_decoder->frozen_decoder", "soft_frozen_decoder->codes", "frozen_encoder->base",
            "untrained_copy->codes"} <= rivals  # fmt: skip
    (noise,) = result.find("semi_matching", "untrained_copy", "base")
    assert noise.value < 0.2  # it holds nothing of y


def test_what_is_not_known_is_said(result, learned):
    assert sum("learned from are not known" in line for line in result.warnings) == 2
    html = render(page(result))
    for said in ("learned from are not known", "soft-frozen decoder", "a/sae.safetensors",
                 "dictionaries were given", "the file does not say"):  # fmt: skip
        assert said in html
    systems = result.record()["systems"]
    assert systems[0]["dictionaries"][0]["method"]["library"] == "sparsify"
    assert systems[1]["dictionaries"][0]["n_latents"] == 48


def test_without_stimuli_to_learn_from_all_are_scored(world):
    x, y, _, a, b = world
    result = ub.compare(
        x, y, dictionaries=(true_dictionary(a), true_dictionary(b)), by="omp", **FEW
    )
    assert len(result.rows) == len(x) and result.n_train == (0, 0)
    assert "frozen_decoder" not in result.lifted[0][0].controls
    assert any("fitted to the stimuli that are scored" in line for line in result.warnings)
    (change,) = (c for c in result.changes if c.name == "codes->codes - base->base"
                 and c.metric == "semi_matching")  # fmt: skip
    assert change.after > 0.9 > 0.6 > change.before
    assert result.verdict.tone == "gain"


@pytest.mark.parametrize("side", [0, 1])
def test_one_side_may_have_units_only(world, side):
    x, y, _, a, b = world
    given = (true_dictionary(a), None) if side == 0 else (None, true_dictionary(b))
    result = ub.compare(x, y, dictionaries=given, features=world[2], **BOTH)
    assert result.targets == ("base",)
    assert result.forward == ("x->y", "y->x")[side]
    (after,) = result.find("ridge", "codes", "base")
    assert after.systems == result.forward
    before = result.find("ridge", "base", "base")[0]
    assert after.value > before.value + 0.1  # codes hold all features, units a mixture
    assert not [s for s in result.scores if s.target == "codes"]
    assert "units" in result.verdict.sentence
    assert "code to unit" in render(page(result))
    other = x if side else y
    mirrored = ub.align.ridge(
        result.of_side(side)[0].codes, other, permutations=0, resamples=0, rng=0
    )
    assert after.value == pytest.approx(mirrored.value, abs=0.02)


def test_several_of_one_side_stand_beside_one_of_the_other(world):
    x, y, _, a, b = world
    rng = np.random.default_rng(3)
    other = true_dictionary(a[rng.permutation(24)])
    result = ub.compare(x, y, dictionaries=([true_dictionary(a), other], true_dictionary(b)), **FEW)
    assert len(result.find("semi_matching", "codes", "codes")) == 2
    (again,) = result.find("semi_matching", "codes", "codes", "x->x")
    assert again.value > 0.99  # the same atoms in another order
    assert not result.find("semi_matching", "codes", "codes", "y->y")
    assert result.lifted[0][1] is result.lifted[1][1]


@pytest.mark.parametrize(
    ("given", "options", "message"),
    [
        ("a", {}, "must be a pair, one for each system"),
        ((1, 2, 3), {}, "a sequence within it"),
        ((None, None), {}, "None for both"),
        (([], None), {}, "at least one, or None"),
        ((3, None), {}, "dictionary of x must be a Dictionary or the path"),
        ((None, "no/such/folder"), {}, "no/such/folder"),
        (("b", "a"), {}, "given in the wrong order"),
        ((["a", "a"], ["b", "b", "b"]), {}, "got 2 and 3"),
        (("a", "b"), {"method": ub.TopK(k=2)}, "leave out method or dictionaries"),
        (("a", "b"), {"seeds": 2}, "leave out seeds or dictionaries"),
        (("a", "b"), {"frozen": True}, "give x_train and y_train, or train_share"),
        (("a", "b"), {"y_untrained": np.zeros((900, 14))}, "give both"),
        (("a", "b"), {"x_untrained": np.zeros((7, 16))}, "x_untrained"),
    ],
)
def test_wrong_uses_are_one_line(world, given, options, message):
    x, y, _, a, b = world
    held = {"a": true_dictionary(a), "b": true_dictionary(b)}

    def put(one):
        if isinstance(one, list):
            return [put(each) for each in one]
        return held.get(one, one) if isinstance(one, str) else one

    if isinstance(given, tuple):
        given = tuple(put(one) for one in given)
    with pytest.raises(InputError, match=message) as caught:
        ub.compare(x, y, dictionaries=given, **FEW, **options)
    assert "\n" not in str(caught.value)


def test_responses_of_another_scale_or_layer_are_told(world, learned):
    x, y, *_ = world
    named = dataclasses.replace(
        learned[0],
        method=ub.sparse.Imported(library="saelens", architecture="topk", layer="blocks.3"),
    )
    other = ub.Responses(x[450:], made_by={"layer": "blocks.5"})
    result = ub.compare(other, y[450:] / 40, dictionaries=(named, learned[1]), **FEW)
    assert any("trained on 'blocks.3'" in line and "'blocks.5'" in line for line in result.warnings)
    assert any("was it trained on such responses?" in line or "no better than their mean" in line
               for line in result.warnings)  # fmt: skip


@pytest.mark.parametrize("activation", ["relu", "jumprelu", "topk", "gated"])
def test_a_random_one_has_the_rule_and_the_density(world, activation):
    x = world[0]
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(16, 40)) * rng.uniform(0.5, 2, 40)
    more = {
        "relu": {},
        "jumprelu": {"threshold": np.full(40, 0.7)},
        "topk": {"k": 3},
        "gated": {"threshold": np.full(40, -1.0), "scale": np.full(40, 1.2)},
    }[activation]
    given = ub.Dictionary(
        atoms=weights.T / 3,
        offset=x.mean(0),
        encoder=ub.sparse.Encoder(
            weights=weights, bias=np.full(40, -1.5), activation=activation, **more
        ),
        method=ub.TopK(),
    )
    drawn = random_like(given, x, rng=0)
    assert drawn.encoder.activation == activation
    np.testing.assert_allclose(
        np.linalg.norm(drawn.atoms, axis=1), np.linalg.norm(given.atoms, axis=1)
    )
    assert drawn.encode(x).l0 == pytest.approx(given.encode(x).l0, rel=0.06)
    cosine = np.einsum("mp,mp->m", drawn.atoms, given.atoms) / np.square(given.atoms).sum(1)
    assert np.abs(cosine).mean() < 0.35  # of 16 dimensions: sqrt(2 / (16 pi)) = .2


@pytest.mark.parametrize("by, constant", [("posterior", "prior"), ("fista", "penalty")])
def test_what_an_inference_lacks_is_learned_from_the_training_stimuli(world, by, constant):
    x, y = (each[:150] for each in world[:2])
    new = [each[150:300] for each in world[:2]]
    bare = [dataclasses.replace(ub.fit(each, ub.sparse.PCA(), rng=0), penalty=None)
            for each in (x, y)]  # fmt: skip
    few = {**FEW, "permutations": 0, "resamples": 0}
    result = ub.compare(*new, x_train=x, y_train=y, dictionaries=tuple(bare), by=by, rng=0, **few)
    for given, train, each, own in zip(bare, (x, y), new, result.lifted[0], strict=True):
        assert getattr(given, constant) is None
        codes = given.prepared(train, by).encode(each[:5], by=by)
        np.testing.assert_array_equal(own.codes.toarray()[:5], codes.toarray())


def test_dictionaries_in_the_place_of_responses_are_named(world):
    x, _, _, a, b = world
    first, second = true_dictionary(a), true_dictionary(b)
    for pair in ((first, second), (x, second)):
        with pytest.raises(InputError, match=r"got a Dictionary.*compare\(x, y, dictionaries="):
            ub.compare(*pair, dictionaries=(first, second))
