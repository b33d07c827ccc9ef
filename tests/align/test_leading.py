"""How many leading units predict is chosen for each target, and never on the scored fold."""

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.align.regression._leading import NestedLeading
from unbraid.align.regression._nested_ridge import NestedRidge
from unbraid.errors import InputError

NO_NULL = {"permutations": 0, "resamples": 5}


def system(seed, n=160):
    """Return a source whose first 3 units drive the first targets, and all 40 the last."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 40))
    few = x[:, :3] @ rng.normal(size=(3, 4)) + rng.normal(size=(n, 4))
    many = x @ rng.normal(size=(40, 4)) + rng.normal(size=(n, 4))
    return x, few, many


@pytest.mark.parametrize("metric", [align.ridge, align.ridge_r2])
def test_one_number_is_plain_ridge_of_those_units(metric):
    x, few, _ = system(0)
    plain, chosen = metric(x[:, :3], few, **NO_NULL), metric(x, few, leading=[3], **NO_NULL)
    for name in ("value", "low", "high", "in_sample"):
        assert getattr(chosen, name) == pytest.approx(getattr(plain, name), rel=1e-9), name
    assert (chosen.leading, plain.leading) == (3, None)


def test_each_target_has_its_own_number():
    x, few, many = system(1)
    folds = stats.shuffled_folds(len(x), 5, 0)
    own = [align.ridge(x[:, :m], np.hstack([few, many]), folds=folds, **NO_NULL) for m in (3, 40)]
    both = align.ridge(x, np.hstack([few, many]), folds=folds, leading=(40, 3), **NO_NULL)
    np.testing.assert_allclose(both.per_target[4:], own[1].per_target[4:], atol=1e-12)
    assert np.abs(both.per_target[:4] - own[0].per_target[:4]).mean() < 0.03
    assert align.ridge(x, few, folds=folds, leading=(3, 40), **NO_NULL).leading == 3
    assert align.ridge(x, many, folds=folds, leading=(3, 40), **NO_NULL).leading == 40


def test_the_scored_fold_takes_no_part_in_the_choice():
    """With a fold's targets replaced, what is predicted for that fold stays the same."""
    x, few, many = system(2)
    y = np.hstack([few, many])
    folds = stats.shuffled_folds(len(x), 5, 0)
    nested = NestedLeading({m: NestedRidge(x[:, :m], folds) for m in (3, 10, 40)})
    other = y.copy()
    other[folds == 2] = np.random.default_rng(3).normal(size=other[folds == 2].shape)
    before, after = nested.predict(y), nested.predict(other)
    np.testing.assert_array_equal(before.leading[2], after.leading[2])
    np.testing.assert_allclose(before.held_out[folds == 2], after.held_out[folds == 2], rtol=1e-9)


@pytest.mark.parametrize("leading", [[], [0], [41], [2.5], [True]])
def test_a_number_that_is_none_is_refused(leading):
    x, few, _ = system(0, n=30)
    with pytest.raises(InputError, match=r"leading must hold whole numbers in 1\.\.40"):
        align.ridge(x, few, leading=leading)


def test_the_published_protocol_takes_every_unit():
    x, few, _ = system(0, n=30)
    with pytest.raises(InputError, match="takes every unit of x: leave leading out"):
        align.ridge(x, few, protocol="longon2025", leading=[3])
