"""The demo's networks learn to name, superpose, and leave torch's generator alone."""

import numpy as np
import pytest

from unbraid.worlds import HandwrittenCanvases, NamingNetworks

SMALL = HandwrittenCanvases(n_train=6000, n_evaluation=800)


@pytest.fixture(scope="module")
def world():
    return NamingNetworks(canvases=SMALL, epochs=8).build(rng=0)


def test_networks_name_unseen_handwriting(world):
    # chance of naming a canvas exactly is under 1 %
    assert all(network.accuracy > 0.2 for network in world.networks)


def test_features_are_linear_in_the_units_yet_no_unit_is_a_feature(world):
    units = world.networks[0].evaluation.toarray()
    features = world.evaluation.features
    correlation = np.corrcoef(units.T, features.T)[:16, 16:]
    assert correlation.max(axis=0).mean() < 0.5
    half = len(units) // 2
    design = np.column_stack([units, np.ones(len(units))])
    readout = np.linalg.lstsq(design[:half], features[:half], rcond=None)[0]
    predicted = design[half:] @ readout
    r = [np.corrcoef(predicted[:, j], features[half:, j])[0, 1] for j in range(40)]
    assert np.mean(r) > 0.4  # 16 of 40 dimensions, linearly: about sqrt(16 / 40)


def test_recorded_rows_carry_the_canvases_ids(world):
    for network in world.networks:
        assert network.evaluation.shape == (800, 16)
        assert list(network.evaluation.stimuli) == list(world.evaluation.stimuli)
        assert list(network.training.stimuli) == list(world.training.stimuli)


def test_one_seed_one_world_and_torch_is_left_alone():
    import torch

    tiny = NamingNetworks(
        canvases=HandwrittenCanvases(n_train=256, n_evaluation=64), epochs=1, relu=True, n_units=5
    )
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    calls = []
    a, b = (tiny.build(rng=1, progress=lambda *call: calls.append(call)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    for one, other in zip(a.networks, b.networks, strict=True):
        np.testing.assert_array_equal(one.evaluation.values, other.evaluation.values)
        assert one.evaluation.values.min() >= 0
    assert not np.array_equal(a.networks[0].evaluation.values, a.networks[1].evaluation.values)
    assert calls[-1][1] == 1.0
    assert "network" in calls[0][0]
