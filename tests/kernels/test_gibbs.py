"""Sampled codes against posteriors that are summed or integrated in full."""

import itertools

import numpy as np
import pytest
import torch
from scipy.special import erfc, logsumexp

from unbraid._kernels.codes import gibbs
from unbraid._kernels.codes.gibbs import draw, mean

NOISE = 0.2


@pytest.fixture
def model(rng):
    """Atoms that are not orthogonal nor of length 1, a prior, and a few stimuli."""
    atoms = rng.normal(size=(4, 3)) * [[1.0], [0.7], [1.2], [1.0]]
    prior = rng.uniform(0.1, 0.4, 4), rng.uniform(0.5, 1.2, 4), rng.uniform(0.05, 0.5, 4), NOISE
    return atoms, prior, rng.normal(size=(5, 3))


def both(model, signed, sweeps=30_000):
    """Return the means by the two ways of sampling."""
    atoms, prior, x = model
    products, gram = (x @ atoms.T).astype(np.float32), (atoms @ atoms.T).astype(np.float32)
    zero = np.zeros((len(x), len(atoms)), np.float32)
    sums, second, counts = draw(
        products, gram, zero, prior, signed=signed, sweeps=sweeps + 1, seed=1
    )
    assert np.all(np.linalg.eigvalsh(second) > 0)
    assert np.all(counts <= sweeps * len(x))
    expected = mean(products, gram, prior, signed=signed, sweeps=sweeps, burn=50)
    return sums / sweeps, expected


def test_signed_codes_have_the_mean_summed_over_all_supports(model):
    atoms, (rate, middle, variance, _), x = model
    total = []
    for row in x:
        logs, means = [], []
        for support in itertools.product([False, True], repeat=4):
            on = np.array(support)
            spread = NOISE * np.eye(3) + (atoms[on].T * variance[on]) @ atoms[on]
            left = row - middle[on] @ atoms[on]
            solved = np.linalg.solve(spread, left)
            odds = np.log(np.where(on, rate, 1 - rate)).sum()
            logs.append(odds - 0.5 * left @ solved - 0.5 * np.linalg.slogdet(spread)[1])
            code = np.zeros(4)
            code[on] = middle[on] + variance[on] * (atoms[on] @ solved)
            means.append(code)
        total.append(np.exp(np.array(logs) - logsumexp(logs)) @ np.array(means))
    for found in both(model, signed=True):
        np.testing.assert_allclose(found, total, atol=0.03)


def test_codes_above_zero_have_the_mean_integrated_over_a_grid(model):
    atoms, prior, x = model
    atoms, prior = atoms[:2], (*(part[:2] for part in prior[:3]), NOISE)
    rate, middle, variance, _ = prior
    grid = np.arange(0.005, 6, 0.01)
    slab = np.exp(-0.5 * (grid[:, None] - middle) ** 2 / variance)
    slab /= np.sqrt(2 * np.pi * variance) * 0.5 * erfc(-middle / np.sqrt(2 * variance))
    values = np.concatenate([[0], grid])
    weight = np.concatenate([1 - rate[None], rate * slab * 0.01])
    joint = weight[:, :1] * weight[:, 1]
    total = []
    for row in x:
        sums = values[:, None, None] * atoms[0] + values[None, :, None] * atoms[1]
        likely = joint * np.exp(-0.5 * np.square(row - sums).sum(2) / NOISE)
        likely /= likely.sum()
        total.append([values @ likely.sum(1), values @ likely.sum(0)])
    for found in both((atoms, prior, x), signed=False):
        np.testing.assert_allclose(found, total, atol=0.02)


def test_threads_change_no_bit(model):
    atoms, prior, x = model
    x = np.repeat(x, 20, axis=0)
    products, gram = (x @ atoms.T).astype(np.float32), (atoms @ atoms.T).astype(np.float32)

    def run():
        codes = np.zeros((len(x), len(atoms)), np.float32)
        return *draw(products, gram, codes, prior, signed=False, sweeps=6, seed=2), codes

    one = run()
    torch.set_num_threads(2)
    try:
        two = run()
    finally:
        torch.set_num_threads(1)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_stimulus_does_not_depend_on_the_others(model):
    atoms, prior, x = model
    products, gram = (x @ atoms.T).astype(np.float32), (atoms @ atoms.T).astype(np.float32)
    options = {"signed": False, "sweeps": 30, "burn": 10}
    whole = mean(products, gram, prior, **options)
    np.testing.assert_array_equal(mean(products[2:3], gram, prior, **options), whole[2:3])


@pytest.mark.parametrize("product", [-0.3, -0.38, -5.0, -1000.0])
def test_what_points_the_other_way_is_off(product):
    prior = np.array([0.2]), np.array([0.7]), np.array([0.5]), 1e-4
    one = np.ones((1, 1), np.float32)
    code = mean(np.float32(product) * one, one, prior, signed=False, sweeps=50, burn=10)
    assert 0 <= code[0, 0] < 0.01


def test_a_latent_that_is_usually_negative_is_looked_at():
    prior = np.array([0.01]), np.array([-1.0]), np.array([0.05]), 0.1
    one = np.ones((1, 1), np.float32)
    code = mean(np.float32(-1.5) * one, one, prior, signed=True, sweeps=500, burn=10)
    assert code[0, 0] == pytest.approx(-1.16, abs=0.03)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("spread", [0.03, 0.3, 1.5])
@pytest.mark.parametrize("often", [0.01, 0.3])
def test_what_a_comparison_skips_changes_no_bit(rng, monkeypatch, signed, spread, often):
    atoms = rng.normal(size=(70, 20))
    codes = (rng.random((50, 70)) < 0.05) * rng.uniform(0.5, 1.5, (50, 70))
    x = codes @ atoms + 0.1 * rng.normal(size=(50, 20))
    products, gram = (x @ atoms.T).astype(np.float32), (atoms @ atoms.T).astype(np.float32)
    prior = np.full(70, often), rng.uniform(-1, 1, 70), np.full(70, spread**2), 0.01

    def sampled():
        chains = np.zeros((50, 70), np.float32)
        drawn = draw(products, gram, chains, prior, signed=signed, sweeps=20, seed=1)
        return *drawn, chains, mean(products, gram, prior, signed=signed, sweeps=30, burn=10)

    quick = sampled()
    model = gibbs._model

    def without_skips(*given):
        length, width, even, pull, least, noise = model(*given)
        return length, width, even, pull, np.full_like(least, -np.inf), noise

    monkeypatch.setattr(gibbs, "_model", without_skips)
    for found, full in zip(quick, sampled(), strict=True):
        np.testing.assert_array_equal(found, full)
