"""Comparisons of stimuli that stand in time: no gain from what neighbours share."""

import json

import numpy as np
import pytest

import unbraid as ub
from unbraid.align import Score
from unbraid.comparison import page
from unbraid.comparison._order import TimeLine, doubts, time_line
from unbraid.report import render
from unbraid.responses import as_responses

FAST = {
    "method": ub.sparse.PCA(n_latents=5), "seeds": 1, "metrics": ("semi_matching", "ridge"),
    "resamples": 20, "permutations": 3,
}  # fmt: skip


def slow(seed, n=300, p=6, rho=0.9):
    z = np.random.default_rng(seed).normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


@pytest.fixture(scope="module")
def result():
    return ub.compare(slow(1), slow(2), rng=0, **FAST)


def test_what_was_found_and_done_is_said_first(result):
    assert "depend on their order in time" in result.warnings[0]
    assert 'say order="exchangeable"' in result.warnings[0]
    assert result.verdict.reasons[0] == result.warnings[0]
    html = render(page(result))
    assert html.index("depend on their order in time") < html.index("<h2")


def test_scores_hold_both_values(result):
    base = result.find("ridge", "base", "base")[0]
    assert base.order in ("time", "drift")
    assert abs(base.value) < 0.3 < base.shuffled
    json.dumps(result.record(), allow_nan=False)
    assert {score["order"] for score in result.record()["scores"]} == {base.order}
    assert len(result.rows) < 150 and result.n_train == (150, 150)


def test_exchangeable_stimuli_have_the_bits_they_had():
    order = np.random.default_rng(0).permutation(300)
    x, y = slow(1)[order], slow(2)[order]
    auto, said = (ub.compare(x, y, rng=0, order=word, **FAST) for word in ("auto", "exchangeable"))
    assert auto.record()["scores"] == said.record()["scores"]
    assert auto.verdict == said.verdict
    assert len(auto.rows) == 150


def test_shuffled_folds_that_were_asked_for_are_no_evidence():
    found = ub.compare(slow(1), slow(2), rng=0, fold_kind="shuffled", **FAST)
    assert "split neighbours" in found.verdict.sentence
    assert found.verdict.tone != "gain"
    assert {score.order for score in found.scores} == {"ignored"}
    assert all(np.isnan(score.p_value) for score in found.scores)


@pytest.mark.parametrize("options, groups, remedy", [
    ({"fold_kind": "shuffled"}, None, "Leave fold_kind to be chosen."),
    ({"protocol": "longon2025"}, None, 'Use protocol="unbraid".'),
    ({}, np.arange(300) // 5, "Make groups longer, or give none."),
])  # fmt: skip
def test_the_remedy_is_one_for_what_was_asked(options, groups, remedy):
    sides = (as_responses(slow(seed)) for seed in (1, 2))
    line = time_line(*sides, groups, ub.comparison.CompareConfig(**options))
    assert line.kind == "ignored"
    assert remedy in line.sentence()


def test_training_stimuli_of_their_own_are_not_said_to_be_split():
    sides = [as_responses(slow(seed)) for seed in (1, 2)]
    config = ub.comparison.CompareConfig()
    given, split = (time_line(*sides, None, config, own=own).sentence() for own in (True, False))
    assert ": folds are contiguous, with gaps" in given
    assert ": training stimuli, alignment stimuli and folds are contiguous, with gaps" in split
    train = {f"{side}_train": slow(seed, n=100) for side, seed in (("x", 3), ("y", 4))}
    assert ub.compare(slow(1), slow(2), rng=0, **train, **FAST).warnings[0].startswith(given[:99])


def score(p_value, target="codes"):
    return Score(
        metric="ridge", value=0.5, protocol="unbraid", n=9, per_fold=np.ones(2), null=0.3,
        per_target=np.ones(2), replicates=np.ones(2), p_value=p_value,
    ).named("codes", target, seed=0)  # fmt: skip


@pytest.mark.parametrize("kind, p_value, doubted", [
    ("exchangeable", 0.9, False), ("time", 0.04, False), ("time", 0.1, True),
    ("time", float("nan"), True), ("drift", 0.01, True), ("ignored", 0.01, True),
])  # fmt: skip
def test_a_gain_in_time_must_exceed_rotations(kind, p_value, doubted):
    found = doubts(TimeLine(kind=kind), [score(p_value), score(p_value, "base")])
    assert set(found) == (
        {("ridge", "codes->codes"), ("ridge", "codes->base")} if doubted else set()
    )


def test_a_gain_that_is_doubted_is_none():
    from unbraid.comparison.scores._answer import Change
    from unbraid.comparison.verdict._grounds import Grounds
    from unbraid.comparison.verdict._verdict import verdict

    def change(name, before, after):
        return Change(name=name, metric="semi_matching", before=before, after=after,
                      value=after - before, low=0.1, high=0.5)  # fmt: skip

    found = [change("codes->codes - base->base", 0.3, 0.6)]
    for name in ("random_dictionary", "random_expansion", "shuffled_latents"):
        found.append(change(f"codes->codes - {name}->codes", 0.3, 0.6))
    plain = verdict(["semi_matching"], found, Grounds())
    doubt = verdict(["semi_matching"], found, Grounds(),
                    {("semi_matching", "codes->codes"): "both sides drift"})  # fmt: skip
    assert (plain.tone, doubt.tone) == ("gain", "no gain")
    assert "not a reliable gain, both sides drift" in doubt.sentence
    assert "raises" not in doubt.sentence


def test_a_gain_of_systems_of_one_period_is_none():
    def periodic(seed):
        rng = np.random.default_rng(seed)
        turns = np.arange(300)[:, None] / 12.37
        return np.sin(2 * np.pi * (turns + rng.random(6))) + 0.5 * rng.normal(size=(300, 6))

    result = ub.compare(periodic(1), periodic(2), rng=0, **FAST)
    assert "both sides hold a period of 12." in result.warnings[0]
    assert result.verdict.reasons[0] == result.warnings[0]
    assert result.verdict.tone != "gain"
    assert {(score.order, np.isnan(score.p_value)) for score in result.scores} == {("period", True)}
    found = doubts(TimeLine(kind="period"), result.scores)
    assert {"both sides hold one period, by which unrelated systems gain too"} == set(
        found.values()
    )
