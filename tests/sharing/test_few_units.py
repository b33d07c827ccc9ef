"""Systems of so few units that only codes of the fewest latents separate their features."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.interpret import mcc


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # each system is below its bound, and says so
def test_eight_units_hold_thirty_features(rng, tmp_path):
    """Two systems of four units, two of thirty features active: alone, none is recovered."""
    z = np.zeros((1500, 30))
    at = np.argsort(rng.random(z.shape), 1)[:, :2]
    np.put_along_axis(z, at, rng.uniform(0.5, 1.5, at.shape), 1)
    systems = {name: z @ rng.normal(size=(30, 4)) for name in "ab"}
    method = ub.SparseCoding(n_latents=30, cycles=0)
    quick = {"seeds": 1, "refits": 0, "baselines": False, "permutations": 99}
    found = ub.joint(systems, method=method, rng=0, **quick)
    codes = found.encode(systems)
    assert codes.made_by["inference"] == "l0"
    assert mcc(codes, z) > 0.9  # .93 to 1.00 over four draws and three processors
    assert found.counts["shared"].value >= 20
    assert (codes.toarray() > 0).sum(1).mean() == pytest.approx(2, abs=0.3)
    alone = ub.fit(systems["a"], method, rng=0)
    assert mcc(alone.encode(systems["a"]), z) < 0.5
    again = ub.load_run(found.save(tmp_path / "run", browser=False))
    np.testing.assert_array_equal(again.encode(systems).toarray(), codes.toarray())
