"""The study `gains`: gains are found where features are planted in superposition, not elsewhere."""

import numpy as np
import pytest

from unbraid.studies.several._gain_sources import CONTROLS, Recorded, gains, scores_of, sources_of
from unbraid.studies.several._gain_systems import ten_classes
from unbraid.studies.several.gains import GainsStudy

SMALL = GainsStudy(n_latents=24, steps=200, wide=64, auto=False, n_tested=300, k=2, pairs=1)


def networks(seed, sparse):
    rng = np.random.default_rng(seed)
    z = rng.uniform(0.5, 1.5, (1500, 24)) * (rng.random((1500, 24)) < 0.08)
    if not sparse:
        z = rng.normal(size=(1500, 10))
    nets = []
    for _ in range(2):
        x = z @ rng.normal(size=(z.shape[1], 11))
        x = np.hstack([x, np.zeros((1500, 1))])  # and a dead unit
        nets.append(Recorded(training=x[:1200], tested=x[1200:], labels=z[:1200], truth=z[1200:]))
    return nets


def scored(seed, sparse):
    nets = networks(seed, sparse)
    rng = np.random.default_rng(seed)
    return scores_of(*(sources_of(net, SMALL, rng) for net in nets), nets[0]), nets


def test_features_in_superposition_are_gained():
    scores, nets = scored(0, sparse=True)
    assert nets[0].alive == 11
    for metric in ("semi_matching", "ridge"):
        over_units, over_best, control = gains(scores, metric, "sparse coding")
        assert over_units > 0.1
        assert over_best > 0.05
        assert control in CONTROLS
        assert over_best <= over_units or scores[metric, control] < scores[metric, "units"]
    assert scores["mcc", "sparse coding"] > 0.9 > 0.6 > scores["mcc", "units"]
    cells = {("40 features", 12): [scores]}
    assert "at 12 units" in SMALL._conclusion(cells)
    claims = GainsStudy(units=(12,), class_units=())._claims(cells)
    assert [claim.holds for claim in claims] == [True, True]


def test_dense_features_are_not():
    scores, _ = scored(0, sparse=False)
    assert gains(scores, "ridge", "sparse coding")[0] < 0.01  # units predict what is linear
    cells = {("40 features", 12): [scores]}
    assert not all(claim.holds for claim in GainsStudy(units=(12,), class_units=())._claims(cells))


def test_ten_classes_are_recorded_apart():
    options = GainsStudy(class_epochs=1, n_stimuli=300, n_tested=100)
    first, second = ten_classes(options, 4, 0)
    assert first.training.shape[1] == 4
    assert len(first.tested) == len(first.truth)
    assert first.labels.sum(axis=1) == pytest.approx(1)
    assert not np.array_equal(first.training, second.training)
