"""Cosines of additive codes, against codes that are built."""

import numpy as np
import pytest

from unbraid import interpret, theory
from unbraid.errors import InputError


@pytest.mark.parametrize("offset", [0.0, 1.0, 4.0, 30.0])
def test_an_orthogonal_additive_code_has_these_cosines(offset):
    mean, u, v = np.sqrt(offset) * np.eye(3)[0], np.eye(3)[1], np.eye(3)[2]
    sides = [np.tile(side, (3, 1)) for side in (mean + u, mean + v, mean + u + v)]
    found = interpret.additivity(*sides)
    assert found.statistic[0] == pytest.approx(theory.additive_cosine(offset))
    parts = found.contrasts[0].cosines[0]
    assert parts == pytest.approx(theory.parts_cosine(offset))
    assert theory.additive_from_parts(parts) == pytest.approx(found.statistic[0])


def test_values_and_arrays():
    np.testing.assert_allclose(theory.additive_cosine([0, 1, 4]), [1, 0.943, 0.962], atol=5e-4)
    np.testing.assert_allclose(theory.parts_cosine([0, 1, 4]), [0, 0.5, 0.8])
    assert theory.additive_from_parts(-0.3) == 1.0


def test_errors():
    with pytest.raises(InputError, match="offset must be a squared length"):
        theory.additive_cosine(-1)
    with pytest.raises(InputError, match="offset"):
        theory.parts_cosine(np.inf)
    with pytest.raises(InputError, match="cosine must lie in"):
        theory.additive_from_parts(1.0)
