"""Whatever goes with the rows of a system is matched by the ids it brings, wherever it is taken."""

import numpy as np
import pandas as pd
import pytest

import unbraid as ub
from unbraid import align, stats
from unbraid.comparison import CompareConfig
from unbraid.comparison._split import split
from unbraid.errors import InputError

N = 80
NAMES = [f"img{i:02d}" for i in range(N)]
FAST = {"permutations": 0, "resamples": 0}


@pytest.fixture(params=["numbered", "named"])
def world(request):
    """Three systems, their features, groups and a drift, as frames; the rows in another order."""
    rng = np.random.default_rng(0)
    index = pd.RangeIndex(N) if request.param == "numbered" else NAMES
    z = rng.normal(size=(N, 4))
    sides = [z @ rng.normal(size=(4, 6)) + 0.5 * rng.normal(size=(N, 6)) for _ in range(3)]
    x, y, w = (pd.DataFrame(side, index=index) for side in sides)
    groups = pd.Series(rng.integers(0, 12, size=N), index=index)
    return x, y, w, pd.DataFrame(z, index=index), groups, rng.permutation(N)


def test_bands_and_sources_follow_the_target(world):
    x, y, w, _, _, order = world
    straight = align.variance_partition({"x": x, "w": w}, y, candidates=2)
    moved = align.variance_partition({"x": x.iloc[order], "w": w}, y, candidates=2)
    np.testing.assert_allclose(moved.full, straight.full, rtol=1e-12)
    best = align.best_of({"x": x, "w": w}, y, align.ridge, **FAST)
    other = align.best_of({"x": x, "w": w.iloc[order]}, y, align.ridge, **FAST)
    np.testing.assert_allclose(other.per_fold, best.per_fold, rtol=1e-12)


def test_ids_of_arrays_are_kept_too(world):
    x, y, w, _, _, order = (np.asarray(side) for side in world)
    one = ub.Responses(x, stimuli=NAMES)
    other = ub.Responses(w, stimuli=NAMES).take(order)
    straight = align.variance_partition({"x": x, "w": w}, y, candidates=2)
    target = ub.Responses(y, stimuli=NAMES)
    moved = align.variance_partition({"x": one, "w": other}, target, candidates=2)
    np.testing.assert_allclose(moved.full, straight.full, rtol=1e-12)


def test_nuisance(world):
    x, y, _, z, _, order = world
    straight = align.without_nuisance(align.ridge, x, y, z, **FAST).value
    moved = align.without_nuisance(align.ridge, x.iloc[order], y, z, **FAST).value
    assert abs(straight) < 0.2 and abs(moved) < 0.2  # what they share is regressed out
    apart = align.without_nuisance(align.ridge, x, y, z.to_numpy()[order], **FAST).value
    assert apart > 0.4  # the check can fail
    with pytest.raises(InputError, match="nuisance must describe each stimulus of x, got none for"):
        align.without_nuisance(align.ridge, x.iloc[order], y, z.iloc[5:])


def test_folds_of_groups(world):
    x, y, _, _, groups, order = world
    folds = stats.grouped_folds(groups, 4)
    moved = stats.as_folds(folds, N, stimuli=ub.responses.as_responses(x.iloc[order]).stimuli)
    np.testing.assert_array_equal(moved, np.asarray(folds)[order])
    np.testing.assert_array_equal(moved.blocks, folds.blocks[order])
    straight = align.ridge(x, y, folds=folds, **FAST).value
    assert np.isclose(align.ridge(x.iloc[order], y, folds=folds, **FAST).value, straight)
    labels = pd.Series(np.asarray(folds), index=groups.index)
    assert np.isclose(align.ridge(x.iloc[order], y, folds=labels, **FAST).value, straight)


def test_moments(world):
    x, y, _, _, _, order = world
    straight = align.streamed.ridge(stats.fold_moments(x, y, folds=np.arange(N) % 5)).value
    assert np.isclose(straight, align.ridge(x, y, folds=np.arange(N) % 5, **FAST).value, atol=0.02)
    moved = stats.fold_moments(x, y.iloc[order], folds=np.arange(N) % 5)
    assert np.isclose(align.streamed.ridge(moved).value, straight)


def test_comparison(world):
    x, y, _, z, groups, order = world
    config = CompareConfig(
        method=ub.PCA(n_latents=3), metrics=("ridge",), seeds=1, permutations=0, resamples=0
    )
    given = {"features": z, "groups": groups}
    straight = ub.compare(x, y, config, rng=0, **given)
    moved = ub.compare(x, y.iloc[order], config, rng=0, features=z, groups=groups.iloc[order])
    assert [s.value for s in moved.scores] == [s.value for s in straight.scores]
    with pytest.raises(InputError, match="groups must name each of the 80 stimuli of x"):
        ub.compare(x.iloc[order], y, config, groups=groups.iloc[5:])


def test_training_responses_have_the_same_units():
    rng = np.random.default_rng(0)
    x, y = (pd.DataFrame(rng.normal(size=(N, 5)), index=NAMES, columns=list("abcde")) for _ in "xy")
    parts = {"x_train": x.iloc[:40, ::-1], "y_train": y.iloc[:40]}
    found = split(x[40:], y[40:], **parts, groups=None, config=CompareConfig(), rng=rng)
    np.testing.assert_array_equal(found.x_train.values, x.to_numpy()[:40])
    parts["y_train"] = parts["y_train"].rename(columns={"c": "z"})
    with pytest.raises(InputError, match="y_train must have the units of y, got none named 'c'"):
        split(x[40:], y[40:], **parts, groups=None, config=CompareConfig(), rng=rng)


def test_ceiling_of_an_assembly():
    import xarray

    rng = np.random.default_rng(0)
    trials = rng.normal(size=(30, 4)) + rng.normal(size=(6, 30, 4))
    turned = xarray.DataArray(trials.transpose(2, 1, 0), dims=("neuroid", "stimulus", "repeat"))
    np.testing.assert_array_equal(
        stats.noise_ceiling(turned).ceiling, stats.noise_ceiling(trials).ceiling
    )


def test_codes_carry_the_ids(world):
    x, _, _, _, _, order = world
    learned = ub.fit(x.iloc[order], ub.PCA(n_latents=3), rng=0)
    codes, moved = learned.encode(x), learned.encode(x.iloc[order])
    a, b = ub.pair(codes, moved) if codes.stimuli is not None else (codes, None)
    if b is None:  # rows that pandas numbered have no ids: refused beside numbers in another order
        with pytest.raises(InputError, match="numbers its rows in another order"):
            ub.pair(codes, moved)
    else:
        np.testing.assert_allclose(a.toarray(), b.toarray(), atol=1e-12)


def test_variance_unexplained_is_of_the_same_rows(world):
    x, _, _, _, _, order = world
    x = x.rename(index=str)
    learned = ub.fit(x, ub.PCA(n_latents=5), rng=0)
    codes = learned.encode(x)
    assert np.isclose(learned.fvu(x.iloc[order], codes), learned.fvu(x, codes))


def test_refits_of_shared_pairs(world):
    x, y, _, _, _, order = world
    x, y = x.rename(index=str), y.rename(index=str)
    straight = align.shared_pairs(x, y, refits=(x,))
    moved = align.shared_pairs(x, y, refits=(x.iloc[order],))
    np.testing.assert_array_equal(moved.stable, straight.stable)
    assert straight.stable.any()


@pytest.mark.parametrize(
    "x_id, y_id, difference",
    [
        ("caf\u00e9{}", "cafe\u0301{}", "how accents are encoded"),
        ("a{} ", "a{}", "white space"),
        ("Cat{}", "cat{}", "capital letters"),
        ("images/a{}.png", "a{}.png", "folders"),
        ("a{}.png", "a{}", "the suffix of files"),
        ("00{}", "{}", "zeros at the front"),
        ("images/A{}.png", "a{}", "capital letters and folders and the suffix of files"),
    ],
)
def test_ids_that_are_almost_alike_are_told_apart(rng, x_id, y_id, difference):
    """They look alike in a message, or nearly so, and the message says in what they differ."""
    x, y = rng.normal(size=(2, 30, 3))
    one = ub.Responses(x, stimuli=[x_id.format(i) for i in range(1, 31)])
    two = ub.Responses(y, stimuli=[y_id.format(i) for i in range(1, 31)])
    with pytest.raises(InputError, match=f"no stimulus id.*30 would agree but for {difference}"):
        ub.align.ridge(one, two)
    ids = [x_id.format(i) if i > 9 else y_id.format(i) for i in range(1, 31)]
    with pytest.raises(InputError, match=f"9 are shared. 30 would agree but for {difference}"):
        ub.align.ridge(ub.Responses(x, stimuli=ids), two)


def test_ids_that_differ_in_more_are_not_called_alike(rng):
    x, y = rng.normal(size=(2, 3, 3))
    one = ub.Responses(x, stimuli=["a/1.png", "b/1.png", "c/2.png"])  # folders tell them apart
    with pytest.raises(InputError, match=r"y '1.png'. Name stimuli alike"):
        ub.align.ridge(one, ub.Responses(y, stimuli=["1.png", "2.png", "3.png"]))
