"""Sums of parts: closed forms, baselines, and honest p-values."""

import numpy as np
import pytest

from unbraid import interpret
from unbraid.errors import InputError


def parts(rng, n=12, p=400, common=0.0):
    """Orthonormal parts (nearly, in many units) around a common response."""
    u, v = rng.normal(size=(2, n, p))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    v -= np.sum(u * v, axis=1, keepdims=True) * u
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    m = rng.normal(size=p)
    m *= np.sqrt(common) / np.linalg.norm(m)
    for side in (u, v):
        if common:
            side -= np.outer(side @ m, m) / common
    return m + u, m + v, m + u + v, m


@pytest.mark.parametrize(("common", "sum_", "part"), [(0, 1, 0), (1, 0.943, 0.5), (4, 0.962, 0.8)])
def test_closed_form_with_a_common_response(rng, common, sum_, part):
    a, b, both, _ = parts(rng, common=float(common))
    found = interpret.additivity(a, b, both)
    assert found.statistic.mean() == pytest.approx(sum_, abs=0.01)
    assert found.contrasts[0].cosines.mean() == pytest.approx(part, abs=0.02)


def test_removing_the_mean_takes_the_common_response_out(rng):
    a, b, both, m = parts(rng, common=4.0)
    found = interpret.additivity(a, b, both, mean=m)
    assert found.centred
    assert found.statistic.mean() == pytest.approx(1, abs=1e-6)
    assert found.contrasts[0].cosines.mean() == pytest.approx(0, abs=0.02)


def test_additive_responses_beat_every_baseline(rng):
    a, b, both, _ = parts(rng)
    found = interpret.additivity(a, b, both + 0.02 * rng.normal(size=both.shape))
    names = [contrast.baseline for contrast in found.contrasts]
    assert names == ["parts", "better part", "shuffled"]
    for contrast in found.contrasts:
        assert contrast.difference > 0.1
        assert contrast.t_p < 1e-4
        assert contrast.sign_flip_p == 2.0**-12
        assert contrast.wilcoxon_p == pytest.approx(2.0**-12)


def test_t_test_equals_scipy(rng):
    from scipy.stats import ttest_1samp

    a, b, both = rng.normal(size=(3, 9, 30))
    found = interpret.additivity(a, b, both)
    for contrast in found.contrasts:
        gain = found.statistic - contrast.cosines
        expected = ttest_1samp(gain, 0, alternative="greater").pvalue
        assert contrast.t_p == pytest.approx(expected)


def test_unrelated_responses_beat_none(rng):
    low = 0
    for _ in range(200):
        a, b, both = rng.normal(size=(3, 8, 30))
        low += interpret.additivity(a, b, both, rng=rng).contrasts[0].sign_flip_p <= 0.05
    assert low / 200 < 0.1


def test_sign_flip_is_uniform_under_the_null(rng):
    p = np.array([interpret.sign_flip_p(rng.normal(size=10)) for _ in range(400)])
    for level in (0.1, 0.3, 0.5):
        assert (p <= level).mean() == pytest.approx(level, abs=0.08)
    many = interpret.sign_flip_p(rng.normal(size=40) + 3)
    assert many == pytest.approx(1 / (1 + 64 * 1024))


def test_analogy_of_sums(rng):
    male, royal = rng.normal(size=(2, 9, 60))
    base = rng.normal(size=(9, 60))
    a, b, c, d = base + male + royal, base + male, base, base + royal
    found = interpret.analogy(a, b, c, d)
    np.testing.assert_allclose(found.statistic, 1)
    assert all(contrast.difference > 0.1 for contrast in found.contrasts)


def test_mistakes_are_named():
    x = np.ones((3, 4))
    with pytest.raises(InputError, match="one row per pair and the same units"):
        interpret.additivity(x, x, x[:2])
    with pytest.raises(InputError, match="At least 2 pairs"):
        interpret.additivity(x[:1], x[:1], x[:1])
    with pytest.raises(InputError, match=r"mean must have shape \(4,\)"):
        interpret.additivity(x, x, x, mean=np.ones(3))
