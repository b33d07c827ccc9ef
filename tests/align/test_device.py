"""A device changes where the large products are made, not what comes out."""

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from unbraid import align, stats
from unbraid._kernels import device as kernel
from unbraid.align import streamed
from unbraid.align.matching import _semi_matching
from unbraid.errors import InputError

NAMES = ("semi_matching", "one_to_one", "soft_matching", "ridge", "ridge_r2", "cka",
         "cka_debiased", "procrustes")  # fmt: skip
DEVICES = [
    pytest.param("cpu", 1e-10, id="cpu"),
    pytest.param(
        "cuda", 1e-6, id="cuda",
        marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here"),
    ),
]  # fmt: skip
FIELDS = ("value", "in_sample", "null", "low", "high", "coverage", "per_fold", "per_target",
          "influence", "matching")  # fmt: skip


def systems(rng, n=60, p=9, q=7):
    z = rng.normal(size=(n, 4))
    return tuple(z @ rng.normal(size=(4, s)) + 0.5 * rng.normal(size=(n, s)) for s in (p, q))


@pytest.fixture
def asked(monkeypatch):
    """Every tensor that was sent to a device."""
    found = []
    sent = kernel._sent
    monkeypatch.setattr(kernel, "_sent", lambda part, device: found.append(device)
                        or sent(part, device))  # fmt: skip
    return found


@pytest.mark.parametrize("device, tolerance", DEVICES)
@pytest.mark.parametrize("p", [9, 90])
@pytest.mark.parametrize("name", NAMES)
def test_the_same_score(name, p, device, tolerance, rng, asked):
    x, y = systems(rng, p=p)
    compute, options = align.METRICS[name].compute, {"permutations": 2, "resamples": 20}
    expected, n_before = compute(x, y, **options), len(asked)
    found = compute(x, y, device=device, **options)
    assert n_before == 0
    assert set(asked) == {device}
    for field in FIELDS:
        ours, theirs = getattr(found, field), getattr(expected, field)
        if theirs is not None:
            np.testing.assert_allclose(ours, theirs, atol=tolerance, err_msg=field)


@pytest.mark.parametrize("device, tolerance", DEVICES)
@pytest.mark.parametrize("name", ["semi_matching", "ridge", "ridge_r2", "cka", "procrustes"])
def test_the_same_from_moments(name, device, tolerance, rng, asked):
    x, y = systems(rng)
    expected = getattr(align, name)(x, y, permutations=0, resamples=0)
    moments = stats.fold_moments(x, y, rows=17, device=device)
    there = {"device": device} if name in ("ridge", "ridge_r2", "procrustes") else {}
    n_before = len(asked)
    found = getattr(streamed, name)(moments, **there)
    assert n_before > 0
    assert (len(asked) > n_before) == bool(there)
    for field in ("value", "in_sample", "per_fold", "per_target"):
        np.testing.assert_allclose(getattr(found, field), getattr(expected, field), atol=tolerance)


@pytest.mark.parametrize("device, tolerance", DEVICES)
def test_the_search_in_float32_on_a_device(device, tolerance, rng, monkeypatch):
    monkeypatch.setattr(_semi_matching, "_LARGE", 1)
    x, y = systems(rng, p=40, q=90)
    expected = align.semi_matching(x, y, permutations=0, resamples=0, sign="absolute")
    found = align.semi_matching(x, y, permutations=0, resamples=0, sign="absolute", device=device)
    np.testing.assert_array_equal(found.matching, expected.matching)
    np.testing.assert_allclose(found.per_target, expected.per_target, atol=tolerance)


@pytest.mark.parametrize("device, tolerance", DEVICES)
@pytest.mark.parametrize("n_bytes", [1.0, 5e3, 2.0**30])
def test_products_in_tiles_of_any_layout(n_bytes, device, tolerance, rng, monkeypatch, asked):
    monkeypatch.setattr(kernel, "_BYTES", n_bytes)
    a, b = rng.normal(size=(23, 31)), rng.normal(size=(31, 19))
    a.flags.writeable = False
    for left, right in ((a, b), (a[::-1, ::-1], b[::-1]), (np.asfortranarray(a), b[:, ::-2])):
        found = kernel.product(left, right, device)
        np.testing.assert_allclose(found, left @ right, atol=min(tolerance, 1e-12))
    low, high = a.astype(np.float32), b.astype(np.float32)
    small = kernel.product(low, high, device)
    assert small.dtype == np.float32
    np.testing.assert_allclose(small, low.astype(float) @ high.astype(float), rtol=1e-7)
    assert (len(asked) > 8) == (n_bytes < 2**30)


def test_messages(rng):
    x, y = systems(rng)
    for device in ("abacus", "meta", 3.5):
        with pytest.raises(InputError, match="device must be one on which torch computes float64"):
            align.cka(x, y, device=device)
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="got 'cuda': .*Leave it out to compute by NumPy"):
            stats.fold_moments(x, y, device="cuda")
        with pytest.raises(InputError, match="got 'cuda': "):
            streamed.ridge(stats.fold_moments(x, y), device="cuda")
    with pytest.raises(InputError, match=r"dense responses, got codes \(CSR\) as y: leave it out"):
        align.semi_matching(x, sp.csr_array(y), device="cpu")
    with pytest.raises(InputError, match="protocol 'longon2025' has no device"):
        align.ridge(x, y, protocol="longon2025", device="cpu")
