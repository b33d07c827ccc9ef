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
    KMeans,
    Longon2025Dnn,
    Pursuit,
    RandomExpansion,
    ReluL1,
    SparseCoding,
    SpikeAndSlab,
    TopK,
    fit,
)
from unbraid.sparse.inference._encoder import Encoder
from unbraid.sparse.inference._infer import choose_inference
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
    caught = r"x must have a largest value between 1e-30 and 1e\+30 in size, got .* Divide it by"
    for method in METHODS:
        with pytest.raises(InputError, match=caught):
            fit(scale * x, method, rng=0)
    np.save(tmp_path / "x.npy", scale * x)
    with pytest.raises(InputError, match=caught):
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


FAR = [
    SparseCoding(n_latents=16, cycles=1),
    Pursuit(n_latents=16, k=2, restarts=1, cycles=1),
    pytest.param(
        SpikeAndSlab(of=Pursuit(n_latents=16, k=2, restarts=1, cycles=0)),
        marks=pytest.mark.filterwarnings("ignore:Sampled codes predict"),  # there is little noise
    ),
    TopK(k=2, training=SHORT),
    ReluL1(training=SHORT),
    KMeans(n_latents=12, k=2),
    PCA(),
]


def planted(n=240):
    rng = np.random.default_rng(0)
    features = rng.uniform(0.5, 1.5, (n, 16)) * (rng.random((n, 16)) < 0.12)
    return features @ rng.normal(size=(16, 10)) + 0.05 * rng.normal(size=(n, 10))


@pytest.mark.parametrize("method", FAR, ids=lambda method: type(method).__name__)
@pytest.mark.parametrize("scale", [1.0, -1e18])
def test_responses_a_million_deviations_from_zero_lose_no_digits(method, scale):
    near = planted()
    far = scale * (near + 1e6 * near.std())
    learned = fit(far, method, rng=0)
    codes = learned.encode(far)
    assert learned.fvu(far, codes) == pytest.approx(learned.evidence.fvu, rel=1e-3, abs=1e-6)
    assert learned.evidence.fvu < 0.6  # digits lost would leave all
    left = (far - learned.decode(codes)) / abs(scale)
    assert np.square(left).sum() / np.square(near - near.mean(0)).sum() == pytest.approx(
        learned.evidence.fvu, rel=1e-3, abs=1e-6
    )


def test_where_the_responses_are_makes_no_difference():
    near = planted()
    method = TopK(k=2, training=SHORT)
    plain = fit(near, method, rng=0)
    far = fit(near + 2.0**20, method, rng=0)
    np.testing.assert_allclose(far.atoms, plain.atoms, atol=1e-4)
    np.testing.assert_allclose(far.offset - 2.0**20, plain.offset, atol=1e-4)
    np.testing.assert_allclose(
        far.encode(near + 2.0**20).toarray(), plain.encode(near).toarray(), atol=1e-3
    )


def test_responses_on_disk_are_moved_as_they_are_read(tmp_path):
    far = planted() + 2.0**20
    np.save(tmp_path / "x.npy", far)
    method = ReluL1(training=SHORT)
    kept, mapped = (
        fit(far, method, rng=0),
        fit(np.load(tmp_path / "x.npy", mmap_mode="r"), method, rng=0),
    )
    np.testing.assert_allclose(mapped.atoms, kept.atoms, atol=1e-5)
    np.testing.assert_allclose(mapped.offset, kept.offset, atol=1e-5)


def test_an_origin_that_means_something_is_kept():
    x = planted() + 1e5
    assert not fit(
        x, Pursuit(n_latents=12, k=1, offset="zero", restarts=1, cycles=0), rng=0
    ).offset.any()


@pytest.mark.parametrize("by", ["fista", "omp"])
@pytest.mark.parametrize("leak", [1e-7, 1e-30, 1e-42])
def test_atoms_that_the_shown_units_hardly_show_overflow_nothing(by, leak):
    rng = np.random.default_rng(0)
    x = np.abs(rng.normal(size=(50, 8))).astype(np.float32)
    plain, leaking = (np.eye(8, dtype=np.float32) + np.float32(a) for a in (0, leak))
    error = choose_inference(x, leaking, k=2, by=by).error
    assert error == pytest.approx(choose_inference(x, plain, k=2, by=by).error, rel=1e-3)


@pytest.mark.parametrize("transform", ["layer_norm", "constant_norm_rescale"])
def test_decode_gives_back_what_the_transform_took(transform):
    x = planted(20) + 3.0
    dictionary = Dictionary(
        atoms=np.eye(10), offset=np.zeros(10), method=Longon2025Dnn(), transform=transform,
        encoder=Encoder(weights=np.eye(10), bias=np.zeros(10), activation="abstopk", k=10),
    )  # fmt: skip
    codes = dictionary.encode(x)
    np.testing.assert_allclose(dictionary.decode(codes), x, rtol=1e-6)
    assert dictionary.fvu(x, codes) == pytest.approx(0, abs=1e-9)
    caught = f"codes must be the Codes that encode returned, got ndarray: .*{transform}"
    with pytest.raises(InputError, match=caught):
        dictionary.decode(codes.toarray())
