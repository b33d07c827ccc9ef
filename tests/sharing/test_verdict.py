"""What the verdict says of joint dictionaries, and what it must not say."""

from types import SimpleNamespace

import pytest

from unbraid.sharing import Beside, SystemBound
from unbraid.sharing._beside import ALONE, FOUND_ALONE, TOGETHER
from unbraid.sharing._verdict import verdict_of


def said(*, units=(20, 20), undecided=0, together=(0.8, 0.8), alone=(0.5, 0.5), found=(0.1, 0.1)):
    counts = {"shared": 20, "a only": 3, "b only": 3, "undecided": undecided}
    bounds = [
        SystemBound(of=of, units=p, needed=10.0, n_latents=26, active=3.0)
        for of, p in (("a", units[0]), ("b", units[1]), ("together", sum(units)))
    ]
    numbers = []
    for at, name in enumerate("ab"):
        numbers += [
            Beside(measure=ALONE, source=name, target=name, value=alone[at]),
            Beside(measure=TOGETHER, source="a + b", target=name, value=together[at]),
            Beside(measure=FOUND_ALONE, source=name, target="joint latents", value=found[at]),
        ]
    seen = SimpleNamespace(contrast=SimpleNamespace(p=0.001))
    return verdict_of(seen, counts, 0.0, bounds, numbers, 0.2, level=0.05)


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
    assert "40 are undecided" in answer.sentence


def test_each_suffices_where_each_finds_them():
    assert said(found=(0.95, 1.0)).tone == "each suffices"
    assert "fewer units than K ln(N/K)" in said(units=(3, 3)).sentence
