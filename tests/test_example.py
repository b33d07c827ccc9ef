"""The example's networks learn what they say, and its folder replaces nothing."""

import zipfile

import numpy as np
import pytest
from PIL import Image

import unbraid as ub
from unbraid.example import _networks, write_example
from unbraid.example._files import write_pictures
from unbraid.worlds import HandwrittenCanvases

SPLIT = HandwrittenCanvases(n_train=6000, n_evaluation=300).sample(rng=0)


def loss(canvases, weights):
    narrow = _networks.answers(canvases.images, weights)[1]
    logits = narrow @ weights[4] + weights[5]
    return float((np.logaddexp(0, logits) - canvases.features * logits).sum() / len(logits))


def test_gradients_are_those_of_the_cross_entropy(rng):
    weights = [w.astype(float) for w in _networks.untrained(40, rng)]
    weights[1] += rng.normal(size=weights[1].shape)  # empty places lie off the bend of the ReLU
    patches = _networks._patches(SPLIT.evaluation.images)
    found = _networks._gradients(patches, SPLIT.evaluation.features, weights)
    for each, gradient in zip(weights, found, strict=True):
        at = tuple(rng.integers(size) for size in each.shape)
        kept, values = each[at], []
        for step in (1e-4, -1e-4):
            each[at] = kept + step
            values.append(loss(SPLIT.evaluation, weights))
        each[at] = kept
        assert gradient[at] == pytest.approx((values[0] - values[1]) / 2e-4, rel=2e-3, abs=1e-5)


def test_a_network_names_handwriting_that_it_has_not_seen():
    start = _networks.untrained(40, np.random.default_rng(0))
    found = _networks.trained(SPLIT.training, start, np.random.default_rng(1))
    truth = SPLIT.evaluation.features > 0.5
    shares = [
        (_networks.naming(SPLIT.evaluation.images, each) == truth).all(axis=1).mean()
        for each in (found, start)
    ]
    assert shares[0] > 0.35  # all 40 names right
    assert shares[1] < 0.1


def test_nothing_is_replaced(run, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for target in ("mine", "file", "."):
        status, out, err = run("example", "-o", target)
        assert status == 2 and out == ""
        assert len(err.splitlines()) == 1 and err.startswith("Error: ")
        with pytest.raises(ub.InputError):
            write_example(target)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "mine"]


def test_ink_is_black_on_white_paper(tmp_path):
    write_pictures(tmp_path / "p.zip", ["a.png"], np.array([[[0.0, 0.25], [0.5, 1.0]]]), side=2)
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:
        found = np.asarray(Image.open(archive.open("a.png")))
    np.testing.assert_array_equal(found[::2, ::2], [[255, 191], [128, 0]])
    np.testing.assert_array_equal(found, found[::2, ::2].repeat(2, 0).repeat(2, 1))
