"""Intrusion: planted units are found out, shuffled ones are not, and people's answers come back."""

import numpy as np
import pytest

from unbraid import interpret
from unbraid.errors import InputError
from unbraid.responses import Responses


def clusters(n, n_classes, rng, spread=0.02, d=16):
    label = rng.integers(n_classes, size=n)
    centres = np.linalg.qr(rng.normal(size=(d, n_classes)))[0].T
    e = centres[label] + spread * rng.normal(size=(n, d))
    return label, e, np.eye(n_classes)[label] * rng.uniform(0.5, 1.5, size=(n, 1))


def test_the_intruder_of_a_unit_with_one_meaning_is_found():
    label, e, units = clusters(800, 6, np.random.default_rng(0))
    found = interpret.intrusion(units, e)
    np.testing.assert_array_equal(found.values, 1)
    assert found.chance[0] == pytest.approx(1 / 6)
    assert (found.details["dist_ratio"] > 10).all()


def test_trials_are_what_they_promise():
    label, e, units = clusters(800, 6, np.random.default_rng(1))
    trials = interpret.intrusion_trials(units, rng=0)
    assert trials.items.shape == (120, 6)
    for unit, items, place in zip(trials.unit, trials.items, trials.place, strict=True):
        members = np.delete(items, place)
        assert (label[members] == unit).all() and label[items[place]] != unit
        ranks = np.argsort(-units[:, unit])[:20]
        assert np.isin(members, ranks).all()
    for unit in range(6):  # disjoint sets
        own = trials.unit == unit
        sets = [
            frozenset(np.delete(items, place))
            for items, place in zip(trials.items[own], trials.place[own], strict=True)
        ]
        assert len(set(sets)) == 4
        assert sum(map(len, set(sets))) == len(frozenset.union(*sets)) == 20
    assert np.bincount(trials.place, minlength=6).min() > 5  # the place says nothing


@pytest.mark.parametrize("kind", ["external", "internal"])
def test_shuffled_units_are_at_chance(kind):
    values = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, e, units = clusters(500, 5, rng, spread=0.2)
        units = rng.permuted(np.hstack([units] * 3), axis=0)
        found = interpret.intrusion(units, e, kind=kind, rng=seed)
        values.append(found.value)
        assert found.interval.low < found.mean_chance + 0.05
    assert np.mean(values) == pytest.approx(1 / 6, abs=4 * np.std(values) / np.sqrt(20))


def test_internal_intrusion_asks_for_graded_meaning():
    """A unit whose strength is a direction passes; one that is on or off by class does not."""
    rng = np.random.default_rng(2)
    along = rng.random((1200, 1))
    e = np.hstack([along * 4, 0.05 * rng.normal(size=(1200, 6))]) - 2
    graded = np.maximum(along - 0.2, 0)
    luck = rng.random((1200, 1))
    graded_score = interpret.intrusion(np.hstack([graded, luck]), e, kind="internal", top=5)
    assert graded_score.values[0] > 0.4 > 0.3 > graded_score.values[1]


def test_dist_ratio_by_hand():
    e = np.eye(4)[np.repeat([0, 1, 2, 3], 10)]
    units = e.copy()
    units[:, 3] = 0
    units[:10, 3] = 1
    found = interpret.intrusion(units[:, :2] + [[0.0, 0]], e + 0.0)
    assert np.isnan(found.details["dist_ratio"]).all()  # members are all alike: no ratio
    e, units = np.random.default_rng(9).normal(size=(60, 3)), np.eye(3)[np.arange(60) % 3]
    trials = interpret.intrusion_trials(units)
    unit = e / np.linalg.norm(e, axis=1, keepdims=True)
    for u, ratio in enumerate(trials.judged(e).details["dist_ratio"]):
        own = np.flatnonzero(trials.unit == u)
        inter, intra = [], []
        for t in own:
            members = np.delete(trials.items[t], trials.place[t])
            apart = 1 - unit[members] @ unit[members].T
            intra.append(apart[np.triu_indices(5, 1)].mean())
            inter.append((1 - unit[members] @ unit[trials.items[t, trials.place[t]]]).mean())
        assert ratio == pytest.approx(np.mean(inter) / np.mean(intra))


def test_no_intruder_shares_its_word():
    rng = np.random.default_rng(3)
    units = (rng.random((200, 4)) < 0.2) * rng.random((200, 4))
    words = [f"Word{i % 12}".upper() if i % 2 else f"word{i % 12}" for i in range(200)]
    trials = interpret.intrusion_trials(units, words=words)
    lower = np.array([w.lower() for w in words])
    for items, place in zip(trials.items, trials.place, strict=True):
        assert lower[items[place]] not in lower[np.delete(items, place)]


def test_trials_are_saved_and_read_back(tmp_path):
    rng = np.random.default_rng(4)
    _, e, units = clusters(200, 4, rng)
    units = np.hstack([units, np.ones((200, 1))])
    x = Responses(units, stimuli=[f"a, {i}" for i in range(200)], units=list("pqrst"))
    trials = interpret.intrusion_trials(x)
    trials.save(tmp_path / "t")
    back = interpret.read_trials(tmp_path / "t")
    for name in ("unit", "items", "place", "block", "stimuli", "names"):
        np.testing.assert_array_equal(getattr(trials, name), getattr(back, name))
    assert back.reasons == trials.reasons and back.reasons[4] == "constant"
    np.testing.assert_array_equal(back.judged(e).values, trials.judged(e).values)
    (tmp_path / "t" / "key.csv").write_text("trial,unit,set,intruder\n1,0,0,x\n")
    with pytest.raises(InputError, match="does not hold trials"):
        interpret.read_trials(tmp_path / "t")
    (tmp_path / "t" / "about.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="does not hold trials"):
        interpret.read_trials(tmp_path / "t")
    with pytest.raises(InputError, match=r"about\.json is missing|trials\.csv is missing"):
        interpret.read_trials(tmp_path)


def answers_of(trials, people, rng, right):
    k = trials.items.shape[1]
    rows = []
    for person in range(people):
        for t in range(len(trials)):
            place = trials.place[t] if rng.random() < right else rng.integers(k)
            rows.append((f"p{person}", t + 1, int(place) + 1))
    return rows


def test_people_s_answers_are_scored_beside_the_machine(tmp_path):
    rng = np.random.default_rng(5)
    _, e, units = clusters(300, 5, rng)
    trials = interpret.intrusion_trials(units, trials=8)
    rows = answers_of(trials, 6, rng, right=0.7)
    found = interpret.score_answers(trials, rows, judge=e)
    assert found.precision == pytest.approx(0.7 + 0.3 / 6, abs=0.08)
    assert found.interval.low < 0.75 < found.interval.high
    assert found.same_as_machine == pytest.approx(found.precision)
    agree = 0.75**2 + 5 * (0.25 / 5) ** 2
    assert found.agreement == pytest.approx(agree, abs=0.07)
    text = "person,trial,choice,seconds\n" + "".join(f"{p},{t},{c},1.5\n" for p, t, c in rows)
    (tmp_path / "answers.csv").write_text(text)
    for path in (tmp_path, tmp_path / "answers.csv"):
        assert interpret.score_answers(trials, path).precision == found.precision


def test_people_who_miss_the_catch_trials_are_left_out_and_named():
    rng = np.random.default_rng(6)
    _, e, units = clusters(300, 5, rng)
    trials = interpret.intrusion_trials(units, trials=4)
    unit = trials.unit.copy()
    unit[:4] = -1
    trials = interpret.Trials(**{**vars(trials), "unit": unit})
    good = [("good", t + 1, int(p) + 1) for t, p in enumerate(trials.place)]
    lazy = [("lazy", t + 1, 1) for t in range(len(trials))]
    found = interpret.score_answers(trials, good + lazy)
    assert found.left_out == ("lazy",) and found.precision == 1
    with pytest.raises(InputError, match="No answers are left"):
        interpret.score_answers(trials, lazy)


@pytest.mark.parametrize(
    "rows, message",
    [
        ([("a", 0, 1)], "must name trials 1..20"),
        ([("a", 1, 9)], "choices 1..6"),
        ([("a", 1, 1), ("a", 1, 2)], "two answers to trial 1"),
        ([("a", 1)], "rows of"),
        ("no such file.csv", "holds no answers"),
    ],
)
def test_answers_that_cannot_be_are_refused(rows, message):
    _, e, units = clusters(300, 2, np.random.default_rng(7))
    trials = interpret.intrusion_trials(units, trials=10)
    with pytest.raises(InputError, match=message):
        interpret.score_answers(trials, rows)


def test_bad_options_are_refused():
    x = np.random.default_rng(8).random((50, 3))
    with pytest.raises(InputError, match="kind must be"):
        interpret.intrusion_trials(x, kind="both")
    with pytest.raises(InputError, match="words must be one per stimulus"):
        interpret.intrusion_trials(x, words=["a"])
    with pytest.raises(InputError, match="one unit"):
        interpret.intrusion_trials(x[:, :1])
