"""What a comparison will cost is told before it starts, and refused where it cannot fit."""

import tracemalloc

import numpy as np
import pytest

import unbraid as ub
from unbraid.align import _dense
from unbraid.comparison import CompareConfig
from unbraid.comparison._cost import cost_of
from unbraid.comparison._split import split
from unbraid.comparison.dictionaries._both import lift_all, sides_of
from unbraid.comparison.scores._score_all import jobs, score
from unbraid.errors import InputError
from unbraid.sparse._cost import START


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
        {"by": "l0"},
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


@pytest.mark.filterwarnings("ignore:200 stimuli are few")
def test_what_each_thread_holds_is_counted(rng, monkeypatch):
    x, y = rng.normal(size=(2, 400, 16))
    config = CompareConfig(method=ub.TopK(n_latents=128, k=4), metrics=("ridge", "procrustes"))
    parts = split(x, y, None, None, None, config, rng)
    memory = []
    for threads in (1, 2, 64, 640):
        monkeypatch.setattr("unbraid.comparison._cost.workers", lambda count=threads: count)
        memory.append(cost_of(parts, config).memory)
    assert memory[0] < memory[1] < memory[2] == memory[3]  # at most so many sources at once
    job = next(job for job in jobs(parts, tuple(lifted_of(parts, config)), None)
               if job.source == "wide_expansion")  # fmt: skip
    score(job, "ridge", parts, config, 0)  # what is imported does not count
    tracemalloc.start()
    score(job, "ridge", parts, config, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.1 * (memory[1] - memory[0]) < 2 * peak


def lifted_of(parts, config):
    one = config.model_copy(update={"seeds": 1})
    sides = sides_of(parts, one, False, parts.x, (None, None))
    return lift_all(sides, one, None, np.random.default_rng(0), lambda *_: None)


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


def test_memory_is_enough_for_dense_codes_and_refused_before_a_copy(rng, monkeypatch):
    x, y = rng.normal(size=(2, 8000, 32))
    options = {"method": ub.sparse.PCA(n_latents=32), "metrics": "cka", "seeds": 1,
               "permutations": 0, "resamples": 20}  # fmt: skip
    ub.compare(x[:100], y[:100], **options)  # what is imported does not count
    config = CompareConfig(**options)
    foretold = cost_of(split(x, y, None, None, None, config, rng), config).memory - START
    tracemalloc.start()
    ub.compare(x, y, **options)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert foretold / 3 < peak < foretold
    monkeypatch.setattr(_dense, "free_memory", lambda: START + foretold)
    monkeypatch.setattr("unbraid.comparison._compare.split", lambda *_: pytest.fail("too late"))
    with pytest.raises(InputError, match=r"4000 stimuli .* store.read\(rows\)"):
        ub.compare(x, y, **options)


def test_the_first_seeds_answer_is_told_before_the_others_are_learned():
    rng = np.random.default_rng(0)
    z = rng.uniform(1, 2, (400, 12)) * (rng.random((400, 12)) < 0.15)
    x, y = (z @ rng.normal(size=(12, 6)) for _ in range(2))
    heard = []
    found = ub.compare(
        x,
        y,
        method=ub.TopK(k=2, n_latents=12, training={"steps": 30}),
        seeds=2,
        permutations=2,
        resamples=20,
        metrics=["semi_matching"],
        progress=lambda *told: heard.append(told),
    )
    answers = [i for i, (line, _) in enumerate(heard) if line.startswith("so far: ")]
    assert len(answers) == 1
    before, after = (
        next(s for s in found.scores if (s.source, s.target, s.systems) == (side, side, "x->y"))
        for side in ("base", "codes")
    )
    line = f"so far: semi_matching of units {before.value:.2f}, of codes {after.value:.2f} "
    assert heard[answers[0]][0].startswith(line)
    assert any("seed 2 of 2" in line for line, _ in heard[answers[0] :])
    assert not any("seed 2 of 2" in line for line, _ in heard[: answers[0]])
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
