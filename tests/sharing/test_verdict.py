"""What the verdict says of joint dictionaries, and what it must not say."""

import math
from types import SimpleNamespace

import pytest

from unbraid.sharing import Beside, SystemBound
from unbraid.sharing._beside import (
    ALONE,
    FOUND_AGAIN,
    FOUND_ALONE,
    FOUND_ELSEWHERE,
    JOINT_LATENTS,
    TOGETHER,
)
from unbraid.sharing._verdict import verdict_of


def said(
    *, units=(20, 20), undecided=0, together=(0.8, 0.8), alone=(0.5, 0.5), found=(0.1, 0.1),
    elsewhere=(0.1, 0.1), again=(0.9, 0.9), p=0.001, shared=20, expected=0.0,
):  # fmt: skip
    counts = {"shared": shared, "a only": 3, "b only": 3, "undecided": undecided}
    bounds = [
        SystemBound(of=of, units=p, needed=10.0, n_latents=26, active=3.0)
        for of, p in (("a", units[0]), ("b", units[1]), ("together", sum(units)))
    ]
    numbers = []
    for at, name in enumerate("ab"):
        numbers += [
            Beside(measure=ALONE, source=name, target=name, value=alone[at]),
            Beside(measure=TOGETHER, source="a + b", target=name, value=together[at]),
        ]
        shares = [(FOUND_ALONE, name, found[at]), (FOUND_ELSEWHERE, "ba"[at], elsewhere[at])]
        if again is not None:
            shares.append((FOUND_AGAIN, "a + b", again[at]))
        numbers += [
            Beside(measure=measure, source=source, target=f"{JOINT_LATENTS} {name}", value=value)
            for measure, source, value in shares
        ]
    seen = SimpleNamespace(contrast=SimpleNamespace(p=p))
    return verdict_of(seen, counts, expected, bounds, numbers, 0.2, level=0.05)


def test_joining_pays_where_units_are_too_few():
    answer = said(units=(6, 6))
    assert answer.tone == "joint pays"
    assert "a, b alone have too few units" in answer.sentence
    assert said(units=(6, 6), together=(0.4, 0.4)).tone == "joint pays"  # the bound says so


def test_with_enough_units_it_pays_those_who_are_predicted_better():
    assert "a, b alone do not find them" in said().sentence
    one = said(together=(0.4, 0.8))
    assert one.tone == "joint pays"
    assert "b alone does not find them" in one.sentence
    assert "a alone" not in one.sentence
    assert said(together=(0.4, 0.4)).tone == "shared"


@pytest.mark.parametrize("units", [(6, 6), (20, 20)])
def test_most_latents_undecided_is_no_ground_to_say_that_it_pays(units):
    answer = said(units=units, undecided=40)
    assert answer.tone == "shared"
    assert "40 undecided" in answer.sentence


def test_each_suffices_where_each_finds_them():
    assert said(found=(0.95, 1.0)).tone == "each suffices"
    assert "fewer units than recovery needs" in said(units=(3, 3)).sentence


def test_one_suffices_where_it_finds_the_latents_of_the_others():
    answer = said(units=(1, 20), found=(0.0, 0.95), elsewhere=(0.95, 0.0))
    assert answer.tone == "one suffices"
    assert "b suffices alone" in answer.sentence


@pytest.mark.parametrize("units", [(6, 6), (20, 20)])
def test_joining_does_not_pay_where_other_seeds_find_other_latents(units):
    answer = said(units=units, again=(0.2, 0.2))
    assert answer.tone == "shared"
    assert "not shown" in answer.sentence
    unlucky = said(units=units, found=(0.85, 0.95))  # one start of a missed a few
    assert unlucky.tone == "shared"
    one_seed = said(units=units, again=None)
    assert one_seed.tone == "shared"
    assert "seeds=2" in one_seed.sentence


def test_nothing_shared_needs_decided_latents():
    assert said(p=0.4, shared=0).tone == "nothing shared"
    answer = said(p=0.4, shared=0, undecided=20)
    assert answer.tone == "undecided"
    assert "absence is not shown" in answer.sentence


def test_a_pairing_that_matters_is_no_sign_of_nothing_shared():
    few = said(shared=1, undecided=22)
    assert few.tone == "undecided"
    assert "22 are undecided" in few.sentence
    assert said(shared=12, expected=6.0).tone == "undecided"
    assert said(shared=2, undecided=1).tone != "undecided"


def test_a_system_that_holds_no_latent_is_not_said_to_miss_any():
    answer = said(found=(0.95, math.nan), again=(0.9, math.nan))
    assert answer.tone == "each suffices"
    one = said(found=(0.1, math.nan), again=(0.9, math.nan))
    assert one.tone == "joint pays"
    assert "nan" not in one.sentence
