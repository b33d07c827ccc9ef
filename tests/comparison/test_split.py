"""What a dictionary learned from is never scored."""

import numpy as np
import pytest

from unbraid import align
from unbraid.comparison import CompareConfig
from unbraid.comparison._split import split
from unbraid.errors import InputError
from unbraid.responses import Responses


def responses(n, p, start=0):
    values = np.arange(start, start + n, dtype=float)[:, None] * np.ones(p)
    return Responses(values, stimuli=[f"s{i}" for i in range(start, start + n)])


def cut(x, y, rng, x_train=None, y_train=None, groups=None, **options):
    config = CompareConfig(method="topk", **{"order": "exchangeable", **options})
    return split(x, y, x_train, y_train, groups, config, rng)


@pytest.mark.parametrize("kind", ["shuffled", "contiguous"])
def test_every_stimulus_is_learned_from_or_scored_never_both(rng, kind):
    x, y = responses(101, 3), responses(101, 2)
    parts = cut(x, y.take(rng.permutation(101)), rng, fold_kind=kind, train_share=0.6)
    assert not set(parts.x_train.stimuli) & set(parts.x.stimuli)
    assert set(parts.x_train.stimuli) | set(parts.x.stimuli) == set(x.stimuli)
    assert len(parts.x_train) == 61
    np.testing.assert_array_equal(parts.x.stimuli, parts.y.stimuli)
    np.testing.assert_array_equal(parts.x.values[:, 0], parts.y.values[:, 0])
    np.testing.assert_array_equal(parts.rows, parts.x.values[:, 0])


def test_groups_stay_whole_on_one_side_and_in_one_fold(rng):
    groups = np.repeat(np.arange(20), 5)
    parts = cut(responses(100, 3), responses(100, 3), rng, groups=groups)
    learned = groups[parts.x_train.values[:, 0].astype(int)]
    assert not set(learned) & set(groups[parts.rows])
    for group in set(groups[parts.rows]):
        assert len(set(parts.folds[groups[parts.rows] == group])) == 1


def test_training_responses_of_their_own_leave_all_stimuli_to_be_scored(rng):
    train = responses(50, 3, start=1000)
    parts = cut(responses(40, 3), responses(40, 3), rng, x_train=train, y_train=train)
    assert len(parts.x) == 40


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x_train": responses(9, 3)}, "x_train and y_train go together"),
        (
            {"x_train": responses(9, 4), "y_train": responses(9, 3, 99)},
            "x_train must have the 3 units",
        ),
        (
            {"x_train": responses(9, 3, 35), "y_train": responses(9, 3, 99)},
            "must hold different stimuli, got 5 in both, e.g. 's35'",
        ),
        ({"groups": np.zeros(7)}, "groups must name the group of each of the 40"),
        ({"groups": np.zeros(40)}, "groups must leave one for each of the 5 folds.*got 1 groups"),
        ({"train_share": 0.9}, "at least 10 alignment stimuli, got 4 of 40"),
    ],
)
def test_each_mistake_is_one_line(rng, options, message):
    with pytest.raises(InputError, match=message):
        cut(responses(40, 3), responses(40, 3), rng, **options)


def slow(n=400, p=5, seed=0):
    z = np.random.default_rng(seed).normal(size=(n, p))
    for t in range(1, n):
        z[t] = 0.9 * z[t - 1] + 0.4 * z[t]
    return Responses(z)


@pytest.mark.parametrize("said", ["auto", "time"])
def test_in_time_training_and_alignment_stimuli_are_contiguous_with_a_gap(rng, said):
    parts = cut(slow(), slow(seed=1), rng, order=said)
    assert parts.line.kind in ("time", "drift")
    np.testing.assert_array_equal(parts.learned, np.arange(200))
    assert parts.rows[0] - 200 == min(parts.line.found.reach, 50) > 5
    for fold in range(4):
        last, first = parts.rows[parts.folds == fold][-1], parts.rows[parts.folds == fold + 1][0]
        assert first - last > 3
    assert (parts.mixed is None) == (said == "time")
    assert len(parts.folds) == len(parts.folds.blocks) == len(parts.x) == len(parts.rows)


def test_shuffled_folds_that_were_asked_for_are_given_without_a_null(rng):
    parts = cut(slow(), slow(seed=1), rng, order="auto", fold_kind="shuffled")
    plain = cut(slow(), slow(seed=1), np.random.default_rng(1), order="exchangeable")
    again = cut(slow(), slow(seed=1), np.random.default_rng(1), order="auto", fold_kind="shuffled")
    assert parts.line.kind == "ignored" and not parts.line.has_null
    np.testing.assert_array_equal(plain.rows, again.rows)
    np.testing.assert_array_equal(plain.folds, again.folds)


def test_groups_are_trusted_unless_they_follow_each_other_in_time(rng):
    sides = slow(), slow(seed=1)
    assert cut(*sides, rng, order="auto", groups=np.arange(400) // 4).line.kind == "ignored"
    shown = [Responses(np.repeat(np.random.default_rng(s).normal(size=(80, 5)), 5, axis=0))
             for s in range(2)]  # fmt: skip
    assert cut(*shown, rng, order="auto", groups=np.arange(400) // 5).line.kind == "exchangeable"


def test_features_follow_the_stimuli_though_some_are_left_out(rng):
    from unbraid.comparison.dictionaries._truth import truth_of

    x = slow()
    parts = cut(x, slow(seed=1), rng, order="time")
    truth = truth_of(x.values, None, x, parts, own=False)
    np.testing.assert_array_equal(truth.scored.values, parts.x.values)
    np.testing.assert_array_equal(truth.train.values, parts.x_train.values)


@pytest.mark.parametrize("sizes", [[20] * 5, [10, 40, 20, 5, 25], [20] * 8])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_advised_for_few_groups_works(sizes, seed):
    """Before, five groups led from folds=2 to ridge, which wants three, and back."""
    groups = np.repeat(np.arange(len(sizes)), sizes)
    sides = responses(len(groups), 3), responses(len(groups), 3)
    with pytest.raises(InputError, match="groups must leave one for each of the") as refused:
        cut(*sides, np.random.default_rng(seed), groups=groups, folds=6)
    said = str(refused.value)
    share = float(said.split("train_share=")[1].split()[0])
    folds = int(said.split("and folds=")[1].split(",")[0])
    assert folds >= 3
    again = np.random.default_rng(seed)
    parts = cut(*sides, again, groups=groups, train_share=share, folds=folds)
    assert parts.folds.n_folds == folds


def test_three_groups_are_too_few(rng):
    with pytest.raises(InputError, match="Give at least 4 groups"):
        cut(responses(60, 3), responses(60, 3), rng, groups=np.repeat(np.arange(3), 20))


@pytest.mark.parametrize("leaking", ["x_train", "y_train"])
def test_neither_dictionary_learns_from_what_is_scored(leaking):
    """Each side is looked at: here the other one's training stimuli are others."""
    train = {"x_train": responses(9, 3, 99), "y_train": responses(9, 3, 99)}
    train[leaking] = responses(9, 3, 35)  # 35 to 39 are scored
    with pytest.raises(InputError, match=f"{leaking} and . must hold different stimuli, got 5"):
        cut(responses(40, 3), responses(40, 3), np.random.default_rng(0), **train)


@pytest.mark.parametrize("seed", range(3))
def test_parts_of_one_stimulus_stay_together(seed):
    """Both systems know which picture a row is of, and nothing in common: no score but 0."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(200 * 8)
    ids = [f"picture{i // 8}@{i % 8}" for i in order]
    x, y = (
        Responses(rng.normal(size=(200, 12))[order // 8] + rng.normal(size=(1600, 12)) / 10,
                  stimuli=ids)
        for _ in range(2)
    )  # fmt: skip
    config = CompareConfig(folds=5)
    parts = split(x, y, None, None, None, config, rng)
    assert parts.wholes == 100
    named = np.array([id.split("@")[0] for id in ids])
    assert not set(named[parts.rows]) & set(named[parts.learned])
    how = {"permutations": 0, "resamples": 0, "order": "exchangeable"}
    assert abs(align.ridge(parts.x, parts.y, folds=parts.folds, **how).value) < 0.15
    mixed = align.ridge(parts.x, parts.y, **how)
    assert mixed.value > 0.25  # what it was with parts of a picture on both sides
