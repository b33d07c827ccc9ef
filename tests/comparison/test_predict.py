"""Theory beside measurement: what must follow from the encodings does, on worlds of every kind."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.comparison.verdict._predict import encodings
from unbraid.errors import InputError

FEW = {"seeds": 1, "permutations": 0, "resamples": 10}


def braided(n, n_features, n_units, noise, rng):
    """Return features (exponential, correlated) and two noisy linear mixtures of them."""
    common = rng.exponential(size=(n, 1))
    features = (rng.random((n, n_features)) < 0.15) * (rng.exponential(size=(n, n_features)))
    features[:, : n_features // 3] *= common
    return features, *(
        features @ rng.normal(size=(n_features, n_units))
        + noise * rng.normal(size=(n, n_units))
        + 5
        for _ in range(2)
    )


@pytest.mark.parametrize("noise", [0.0, 1.0])
def test_the_closed_forms_hold_on_new_stimuli(noise):
    rng = np.random.default_rng(4)
    z, x, y = braided(30_000, 24, 12, noise, rng)
    fit, new = slice(0, 15_000), slice(15_000, None)
    a, b, linear = encodings(z[fit], x[fit], y[fit])
    assert (linear[0] > 0.999) == (noise == 0)
    for name in ("semi_matching", "one_to_one", "ridge", "cka", "procrustes"):
        compute = ub.align.METRICS[name].compute
        measured = compute(x[new], y[new], permutations=0, resamples=0).value
        assert ub.theory.predict(name, a, b) == pytest.approx(measured, abs=0.03), name


def test_a_comparison_with_known_features_prints_what_theory_expects():
    rng = np.random.default_rng(5)
    z, x, y = braided(8000, 16, 12, 0.1, rng)
    result = ub.compare(
        x, y, method=ub.Pursuit(n_latents=16, k=3), features=z, rng=0,
        metrics=("semi_matching", "one_to_one", "soft_matching", "cka_debiased", "procrustes"),
        **FEW,
    )  # fmt: skip
    sides = {(p.source, p.target, p.seed) for p in result.predictions}
    assert sides == {("base", "base", None), ("codes", "codes", 0)}
    for p in result.predictions:
        assert p.predicted == pytest.approx(p.measured, abs=0.05), (p.metric, p.source)
    assert result.record()["predictions"][0]["linear"][0] > 0.9


def test_training_responses_of_their_own_need_their_own_features():
    rng = np.random.default_rng(6)
    z, x, y = braided(400, 8, 6, 0.1, rng)
    options = {"method": ub.Pursuit(n_latents=8, k=2), "rng": 0, **FEW}
    train, rest = slice(0, 200), slice(200, None)
    known = {"x_train": x[train], "y_train": y[train], "features": z[rest]}
    without = ub.compare(x[rest], y[rest], **known, **options)
    assert without.predictions == ()
    with pytest.raises(InputError, match="must describe the 200 stimuli of x_train, got 199"):
        ub.compare(x[rest], y[rest], **known, features_train=z[:199], **options)
    with pytest.raises(InputError, match="the 8 features of features, got 7"):
        ub.compare(x[rest], y[rest], **known, features_train=z[train, :7], **options)
    with pytest.raises(InputError, match="give all three"):
        ub.compare(x, y, features=z, features_train=z, **options)
    with_theory = ub.compare(x[rest], y[rest], **known, features_train=z[train], **options)
    assert len(with_theory.predictions) > 0
