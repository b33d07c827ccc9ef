"""What a comparison will cost is told before it starts, and refused where it cannot fit."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.align import _dense
from unbraid.comparison import CompareConfig
from unbraid.comparison._cost import cost_of
from unbraid.comparison._split import split
from unbraid.errors import InputError


def cost(rng, n, p, **options):
    x, y = rng.normal(size=(2, n, p))
    config = CompareConfig(**options)
    return cost_of(split(x, y, None, None, None, config, rng), config)


def test_more_of_anything_costs_more(rng):
    least = cost(rng, 200, 8, method="Pursuit", seeds=1, permutations=0, metrics="ridge")
    for more in (
        {"seeds": 3},
        {"permutations": 20},
        {"metrics": ("ridge", "cka")},
        {"method": "Auto"},
    ):
        options = {"method": "Pursuit", "seeds": 1, "permutations": 0, "metrics": "ridge", **more}
        assert cost(rng, 200, 8, **options).seconds > least.seconds
    assert cost(rng, 2000, 8, metrics="rsa").memory > least.memory


def test_controls_are_counted(rng):
    """Ridge of 1,024 random units on 800 stimuli decomposes 16 matrices of side 800."""
    space, *others = (
        cost(rng, 1600, 8, method="Pursuit", seeds=1, permutations=0, metrics=metric)
        for metric in ("cka", "ridge", "semi_matching")
    )
    seconds = [other.seconds - space.seconds for other in others]
    assert seconds[0] > 16 * 10 * 800**3 / 1e12
    assert seconds[1] > 0
    assert others[0].memory - space.memory > 3 * 8 * 800 * 1024


def test_a_wide_autoencoder_costs_what_its_products_cost(rng):
    method = ub.TopK(n_latents=4096, k=8, training={"steps": 1000, "batch_size": 512})
    seconds = cost(rng, 2000, 256, method=method, seeds=1, metrics="cka").seconds
    assert seconds > 2 * 1000 * 6 * 512 * 4096 * 256 / 100e9  # no core does 100 GFLOP/s here


def test_the_estimate_is_the_first_news(rng):
    heard = []
    x = rng.normal(size=(60, 4))
    options = {"method": ub.TopK(k=1, n_latents=4), "metrics": ("cka",), "seeds": 1}
    ub.compare(x, x, progress=lambda *news: heard.append(news), **options)
    message, share = heard[0]
    assert (message.split()[0], share) == ("about", 0.0)
    assert "GiB of memory (roughly)" in message
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0


def test_what_cannot_fit_is_refused_in_one_line(rng, monkeypatch):
    monkeypatch.setattr(_dense, "free_memory", lambda: 2.0**28)
    with pytest.raises(InputError, match="A comparison of 100 stimuli .* of 0.2 GiB free") as told:
        ub.compare(*np.ones((2, 200, 3)))
    assert "\n" not in str(told.value)
