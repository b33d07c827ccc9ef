"""Responses that no one should have: each is learned from as what it says, or refused in a line."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.sparse import (
    PCA,
    Archetypal,
    BatchTopK,
    Dictionary,
    Gated,
    JumpRelu,
    Longon2025Dnn,
    RandomExpansion,
    ReluL1,
    TopK,
    fit,
)
from unbraid.sparse.training._source import OnDisk, mean

SHORT = {"steps": 30}
METHODS = [
    TopK(k=2, training=SHORT),
    BatchTopK(k=2, training=SHORT),
    ReluL1(training=SHORT),
    JumpRelu(training=SHORT),
    Gated(training=SHORT),
    Archetypal(k=2, training=SHORT),
    RandomExpansion(k=2),
    PCA(),
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("scale", [1e-20, 1e20])
def test_the_unit_of_measurement_is_no_matter(make_world, method, scale):
    x = make_world(n=240).x
    plain, scaled = fit(x, method, rng=0), fit(scale * x, method, rng=0)
    for name in ("fvu", "l0", "n_active", "coherence", "amortization_gap"):
        found, expected = (getattr(each.evidence, name) for each in (scaled, plain))
        assert found == pytest.approx(expected, rel=0.02, abs=0.02, nan_ok=True), name
    codes = scaled.encode(scale * x[:20], by="omp", k=2)
    np.testing.assert_allclose(
        scaled.decode(codes) / scale,
        plain.decode(plain.encode(x[:20], by="omp", k=2)),
        rtol=0.05,
        atol=0.05 * np.abs(x).max(),
    )


@pytest.mark.parametrize("scale", [1e40, 1e-45])
def test_what_single_precision_cannot_hold_is_refused(make_world, tmp_path, scale):
    x = make_world(n=60).x
    told = r"x must have a largest value between 1e-30 and 1e\+30 in size, got .* Divide it by"
    for method in METHODS:
        with pytest.raises(InputError, match=told):
            fit(scale * x, method, rng=0)
    np.save(tmp_path / "x.npy", scale * x)
    with pytest.raises(InputError, match=told):
        mean(OnDisk(np.load(tmp_path / "x.npy", mmap_mode="r")))


def test_codes_of_what_single_precision_cannot_hold_are_refused(make_world):
    x = make_world(n=60).x
    learned = fit(x, PCA(), rng=0)
    for by in ("encoder", "omp", "fista"):
        with pytest.raises(InputError, match="x must have a largest value between 0 and 1e"):
            learned.encode(1e45 * x, by=by)
    assert learned.encode(0 * x[:2]).shape == (2, learned.n_latents)  # silence is an answer
    with pytest.raises(InputError, match="k must be a whole number in 1..14, got True"):
        learned.encode(x, by="omp", k=True)


@pytest.mark.parametrize("transform", ["layer_norm", "constant_norm_rescale"])
def test_normalised_stimuli_have_no_scale(rng, transform):
    x = rng.normal(size=(5, 6)).astype(np.float32)
    learned = Dictionary(atoms=np.eye(6, dtype=np.float32), offset=np.zeros(6, np.float32),
                         method=Longon2025Dnn(), transform=transform)  # fmt: skip
    expected = learned.transformed(x)
    scale = np.float32(1e25)
    np.testing.assert_allclose(learned.transformed(scale * x), expected, rtol=1e-4, atol=1e-6)
    assert expected.dtype == np.float32
