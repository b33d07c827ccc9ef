"""What a joint dictionary will cost is told before it starts, and refused where it cannot fit."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.align import _dense
from unbraid.errors import InputError
from unbraid.sharing import JointConfig
from unbraid.sharing._cost import cost_of

LEAST = {"method": ub.SparseCoding(n_latents=20), "seeds": 1, "refits": 0, "baselines": False}


def cost(sizes=(10, 10), n=1000, held=300, **options):
    return cost_of(sizes, n, held, JointConfig(**{**LEAST, **options}))


@pytest.mark.parametrize("more", [
    {"seeds": 3}, {"refits": 2}, {"baselines": True}, {"method": "auto"}, {"held": 2000},
    {"sizes": (10, 10, 10)}, {"n": 8000}, {"method": ub.SparseCoding(n_latents=200)},
])  # fmt: skip
def test_more_of_anything_costs_more(more):
    assert cost(**more).seconds > cost().seconds


def test_large_systems_take_memory():
    assert cost((5000, 5000), 20_000, 2000).memory > 8 * 20_000 * 10_000


def test_the_cost_is_the_first_news_and_progress_never_goes_back(half_shared):
    heard = []
    ub.joint(half_shared[0], rng=0, permutations=99, progress=lambda *news: heard.append(news),
             **{**LEAST, "refits": 1, "baselines": True})  # fmt: skip
    message, share = heard[0]
    assert message.startswith("about ") and share == 0.0
    assert message.endswith("GiB of memory (roughly)")
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    said = [message for message, _ in heard]
    for words in ("dictionary 1 of 1", "wrong pairing", "a alone", "beside b"):
        assert any(words in line for line in said)


def test_what_cannot_fit_is_refused_in_one_line(half_shared, monkeypatch):
    monkeypatch.setattr(_dense, "free_memory", lambda: 2.0**28)
    with pytest.raises(InputError, match="A joint dictionary of 900 .* of 0.2 GiB free") as told:
        ub.joint(half_shared[0], **LEAST)
    assert "\n" not in str(told.value)


def test_jobs_of_the_kind_are_foretold(tmp_path, half_shared):
    from unbraid import jobs

    for name, x in half_shared[0].items():
        np.save(tmp_path / f"{name}.npy", x)
    base = {"systems": ["a.npy", "b.npy"], "method": "SparseCoding(n_latents=20)"}
    plan = jobs.plan_of({"job": "joint", "base": base}, tmp_path)
    told = jobs.foretell(plan)
    assert told.unknown == 0
    assert told.seconds > cost((14, 14), 900, 300).seconds
