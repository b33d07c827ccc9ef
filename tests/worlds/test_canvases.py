"""Canvases show what their features say, and no handwriting crosses the split."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.worlds import HandwrittenCanvases


@pytest.fixture(scope="module")
def split():
    return HandwrittenCanvases(n_train=3000, n_evaluation=1000).sample(rng=0)


def test_no_handwriting_crosses_the_split(split):
    seen = set(split.training.samples.ravel()) - {-1}
    unseen = set(split.evaluation.samples.ravel()) - {-1}
    assert seen and unseen and not seen & unseen


def test_features_say_what_is_drawn(split):
    from sklearn.datasets import load_digits

    digits = load_digits()
    canvases = split.evaluation
    for place in range(4):
        row, column = divmod(place, 2)
        quadrant = canvases.images[:, row * 8 : row * 8 + 8, column * 8 : column * 8 + 8]
        sample = canvases.samples[:, place]
        present = sample >= 0
        np.testing.assert_array_equal(quadrant[~present], 0)
        expected = digits.images[sample[present]] / 16
        np.testing.assert_allclose(quadrant[present], expected, rtol=1e-6)
        features = canvases.features[:, place * 10 : place * 10 + 10]
        np.testing.assert_array_equal(features.sum(axis=1), present)
        np.testing.assert_array_equal(
            features[present].argmax(axis=1), digits.target[sample[present]]
        )


def test_presence_and_frequency_are_as_asked(split):
    rate = split.training.features.mean(axis=0)
    # 3000 canvases: binomial standard error .004 about .055
    assert np.all(np.abs(rate - 0.055) < 0.02)
    assert abs(split.training.features.sum(axis=1).mean() - 2.2) < 0.08


def test_one_seed_one_world():
    world = HandwrittenCanvases(n_train=50, n_evaluation=20)
    a, b, c = (world.sample(rng=seed).training.images for seed in (3, 3, 4))
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)


def test_a_split_that_leaves_a_side_empty_is_refused():
    with pytest.raises(InputError, match="both sides"):
        HandwrittenCanvases(held_out_handwriting=0.001).sample(rng=0)
