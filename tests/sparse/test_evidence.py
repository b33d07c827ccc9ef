"""What every dictionary says about itself, against values by hand."""

import numpy as np
import pytest

from unbraid.sparse import Pursuit, fit
from unbraid.sparse._evidence import Evidence
from unbraid.sparse._fit import _coherence


def test_active_latents_and_units_are_reckoned(make_world):
    world = make_world(n_features=24, n_units=20, k=2, n=1500)
    seen = fit(world.x, Pursuit(n_latents=24, k=2, offset="zero"), rng=0).evidence
    z = world.features
    expected = np.mean(z.sum(1) ** 2 / (z**2).sum(1))
    assert seen.n_active == pytest.approx(expected, rel=0.02)
    assert seen.units_for_bound == pytest.approx(20 / (expected * np.log(24 / expected)), rel=0.02)
    cosine = np.abs(world.atoms @ world.atoms.T) - np.eye(24)
    assert seen.coherence == pytest.approx(cosine.max(), abs=0.02)
    assert "linear encoder" in seen.recovery


def test_coherence_by_hand():
    atoms = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 4.0], [0.0, 0.0]])
    assert _coherence(atoms) == pytest.approx(0.8)
    assert np.isnan(_coherence(atoms[:1]))


@pytest.mark.parametrize(("ratio", "said"), [
    (5.0, "even for the codes"), (3.5, "learn atoms by pursuit"), (2.2, "if few are active"),
    (1.6, "known atoms only"), (0.9, "too few for recovery by any method"),
    (float("nan"), "not reckoned"),
])  # fmt: skip
def test_recovery_is_said_plainly(ratio, said):
    assert said in Evidence(units_for_bound=ratio).recovery
