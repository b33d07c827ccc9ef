"""Half-learned controls: what is held is held, what learns learns, and truth is not found."""

import numpy as np
import pytest

from unbraid.interpret import mcc
from unbraid.sparse import (
    Dictionary,
    FrozenDecoder,
    FrozenEncoder,
    SoftFrozenDecoder,
    TopK,
    Training,
    fit,
)

OPTIONS = {"n_latents": 48, "k": 3, "training": Training(steps=500)}
FROZEN = [FrozenDecoder(**OPTIONS), SoftFrozenDecoder(**OPTIONS), FrozenEncoder(**OPTIONS)]


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (2000, 48)) * (rng.random((2000, 48)) < 0.05)
    atoms = rng.normal(size=(48, 32))
    return z, z @ (atoms / np.linalg.norm(atoms, axis=1, keepdims=True))


@pytest.fixture(scope="module", params=FROZEN, ids=lambda method: type(method).__name__)
def learned(request, world):
    method = request.param
    # the start that `learn` draws is that of `untrained` from the same stream
    begun = method.untrained(world[1], np.random.default_rng(1).spawn(1)[0])
    return begun, fit(world[1], method, rng=1)


def directions(array):
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def test_what_is_held_stays_where_it_began(learned):
    begun, found = learned
    cosine = np.einsum("mp,mp->m", begun.atoms, directions(found.atoms))
    reading = np.einsum(
        "mp,mp->m", directions(begun.encoder.weights.T), directions(found.encoder.weights.T)
    )
    kind = type(found.method).__name__
    if kind == "FrozenDecoder":
        np.testing.assert_allclose(cosine, 1, atol=1e-5)
        assert reading.min() < 0.95
    elif kind == "SoftFrozenDecoder":
        assert cosine.min() >= 0.8 - 1e-4
        assert cosine.min() < 0.9  # some reach the edge of their cone
    else:
        np.testing.assert_allclose(reading, 1, atol=1e-5)
        assert cosine.min() < 0.95


@pytest.fixture(scope="module")
def free(world):
    return fit(world[1], TopK(**OPTIONS), rng=1)


def test_it_explains_more_than_at_the_start_and_finds_less_than_learning(learned, free, world):
    z, x = world
    begun, found = learned
    assert found.evidence.fvu < begun.fvu(x, begun.encode(x)) - 0.03
    # measured over four worlds: .83 to .89 learned freely, .73 to .81 within cones, .33 to .39 held
    less = 0.03 if isinstance(found.method, SoftFrozenDecoder) else 0.3
    assert mcc(found.encode(x), z) < mcc(free.encode(x), z) - less


def test_it_is_saved_with_its_method(learned, tmp_path):
    found = learned[1]
    found.save(tmp_path / "d")
    assert Dictionary.load(tmp_path / "d").method == found.method
