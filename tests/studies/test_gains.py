"""The study `gains`: gains are found where features are planted in superposition, not elsewhere."""

import numpy as np
import pytest

from unbraid.studies.several._gain_sources import (
    CONTROLS,
    Recorded,
    gains,
    over_networks,
    scores_of,
    sources_of,
)
from unbraid.studies.several._gain_systems import ten_classes
from unbraid.studies.several._gain_together import together
from unbraid.studies.several.gains import GainsStudy

SMALL = GainsStudy(n_latents=24, steps=200, wide=64, n_tested=300, k=2, networks=2)


def networks(seed, sparse, count=2, units=11):
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.5, 1.5, (1500, 24)) * (rng.random((1500, 24)) < 0.08)
    if not sparse:
        z = rng.normal(size=(1500, 10))
    nets = []
    for _ in range(count):
        x = z @ rng.normal(size=(z.shape[1], units))
        x = np.hstack([x, np.zeros((1500, 1))])  # and a dead unit
        nets.append(Recorded(training=x[:1200], tested=x[1200:], labels=z[:1200], truth=z[1200:]))
    return nets


def scored(seed, sparse):
    nets = networks(seed, sparse)
    rng = np.random.default_rng(seed)
    return scores_of([sources_of(net, SMALL, rng, False) for net in nets], nets[0].truth), nets


def test_features_in_superposition_are_gained():
    scores, nets = scored(0, sparse=True)
    assert nets[0].alive == 11
    for metric in ("semi_matching", "ridge"):
        found = gains(scores, metric, "sparse coding")
        assert found.everywhere
        assert found.over_units[0, 1] > 0.1
        assert found.over_control[0, 1] > 0.05
        assert found.control in CONTROLS
    assert scores["mcc", "sparse coding"][0, 1] > 0.9 > 0.6 > scores["mcc", "units"][0, 1]
    cells = {("40 features", 12): scores}
    assert "at 12 units" in SMALL._conclusion(cells)
    claims = GainsStudy(units=(12,), class_units=())._claims(cells, {})
    assert [claim.holds for claim in claims] == [True, True]


def test_dense_features_are_not():
    scores, _ = scored(0, sparse=False)
    # units predict what is linear
    assert gains(scores, "ridge", "sparse coding").over_units[0, 1] < 0.01
    cells = {("40 features", 12): scores}
    claims = GainsStudy(units=(12,), class_units=())._claims(cells, {})
    assert not all(claim.holds for claim in claims)


def test_ridge_is_the_mean_of_both_directions_and_of_each_pair_alone():
    nets = networks(0, sparse=True, count=3)
    units = [{"units": net.tested[:, :11]} for net in nets]
    whole = scores_of(units, nets[0].truth, metrics=("ridge",))["ridge", "units"]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        alone = scores_of([units[i], units[j]], nets[0].truth, metrics=("ridge",))
        assert whole[i, j] == pytest.approx(alone["ridge", "units"][0, 1], abs=1e-12)


def test_interval_over_networks_is_of_networks():
    """Pairs of numbers a network: the interval is the one of the networks' mean."""
    numbers = np.array([0.1, 0.4, 0.2, 0.7])
    pairs = {(i, j): numbers[i] + numbers[j] for i in range(4) for j in range(i + 1, 4)}
    found = over_networks(pairs)
    assert found.mean == pytest.approx(2 * numbers.mean())
    half = 3.182446305284263 * 2 * numbers.std(ddof=1) / 2  # t(3), of twice a mean of four
    assert found.high - found.mean == pytest.approx(half)
    assert np.isnan(over_networks({(0, 1): 0.3}).low)


def test_networks_tell_together_what_one_does_not():
    nets = networks(1, sparse=True, count=4, units=5)
    scores = scores_of([sources_of(net, SMALL, np.random.default_rng(0), False) for net in nets],
                       nets[0].truth)  # fmt: skip
    found = together(nets, scores, SMALL, np.random.default_rng(0))
    one, two, four = (np.mean(found["mcc", count]) for count in (1, 2, 4))
    assert one < 0.7 < two < four
    assert len(found["mcc", 1]) == 6 and len(found["mcc", 2]) == 2 and len(found["mcc", 4]) == 1
    assert found["mcc, wrong pairing", 2][0] < one + 0.05
    assert found["agreement", 2][0] > np.mean(found["agreement", 1]) + 0.1
    assert ("agreement", 4) not in found  # no second group
    study = GainsStudy(units=(5,), class_units=())
    told = [c for c in study._claims({("40 features", 5): scores}, {5: found})
            if "together" in c.text]  # fmt: skip
    assert [claim.holds for claim in told] == [True]


def test_ten_classes_are_recorded_apart():
    options = GainsStudy(class_epochs=1, n_stimuli=300, n_tested=100, networks=2)
    first, second = ten_classes(options, 4)
    assert first.training.shape[1] == 4
    assert len(first.tested) == len(first.truth)
    assert first.labels.sum(axis=1) == pytest.approx(1)
    assert not np.array_equal(first.training, second.training)
