"""The active latents: exact, whatever the product that points to them was made of."""

import numpy as np
import pytest
import torch

from unbraid._kernels.codes.quantise import quantise
from unbraid.sparse.autoencoders import _products, _selection
from unbraid.sparse.autoencoders._selection import LatentSelection

WAYS = list(_selection._WAYS)


def selected(monkeypatch, way, h, encoder, bias, k):
    monkeypatch.setattr(LatentSelection, "_way", lambda self, trial: way)
    return LatentSelection(*encoder.shape)(h, encoder, bias, k)


def systems(rng):
    """Yield stimuli, encoder, bias of every kind that eight bits may not hold well."""
    for n, p, m in [(40, 2, 3), (30, 7, 13), (300, 20, 150), (20, 65, 1000)]:
        h, encoder = rng.normal(size=(n, p)), rng.normal(size=(m, p)) / np.sqrt(p)
        yield "plain", h, encoder, 0.1 * rng.normal(size=m)
        yield "uneven units", h * np.exp(3 * rng.normal(size=p)), encoder, np.zeros(m)
        yield "uneven rows", np.exp(4 * rng.normal(size=(n, 1))) * h, encoder, np.zeros(m)
        yield "heavy tails", rng.standard_t(1.1, size=(n, p)), encoder, rng.normal(size=m)
        yield "uneven latents", h, np.exp(3 * rng.normal(size=(m, 1))) * encoder, np.zeros(m)
        units = np.exp(3 * rng.normal(size=p))
        yield "units that the encoder evens out", h * units, encoder / units, np.zeros(m)
        near = encoder[:1] + 1e-7 * rng.normal(size=(m, p))
        yield "nearly equal latents", h, near, np.zeros(m)
        yield "biases that round scores away", h, encoder, np.full(m, 1e4)
        yield "few positive", h, encoder, np.full(m, -2.5)
        yield "none positive", h, encoder, np.full(m, -1e4)
        yield "empty rows", h * (np.arange(n) % 2)[:, None], encoder, np.zeros(m)
        yield "a silent unit", h * (np.arange(p) > 0), encoder * (np.arange(p) != 1), np.ones(m)


@pytest.mark.parametrize("k", [1, 4, 40])
def test_both_ways_find_the_largest_scores(rng, monkeypatch, k):
    for kind, *arrays in systems(rng):
        h, encoder, bias = (np.ascontiguousarray(a, np.float32) for a in arrays)
        most = min(k, len(bias))
        exact = h.astype(np.float64) @ encoder.T.astype(np.float64) + bias
        size = np.abs(h) @ np.abs(encoder).T + np.abs(bias)
        found = [selected(monkeypatch, way, h, encoder, bias, most) for way in WAYS]
        np.testing.assert_array_equal(found[0][0], found[1][0], err_msg=kind)
        np.testing.assert_array_equal(found[0][1], found[1][1], err_msg=kind)
        active, codes = found[0]
        at, named = np.maximum(active, 0), active >= 0
        rounding = 1e-6 * np.sqrt(h.shape[1]) * size
        wrong = np.abs(np.take_along_axis(exact, at, 1) - codes)
        assert (wrong <= np.take_along_axis(rounding, at, 1))[named].all(), kind
        assert (codes[named] > 0).all(), kind
        assert (codes[~named] == 0).all(), kind
        for row in range(len(h)):
            left = np.delete(np.arange(len(bias)), active[row][named[row]])
            edge = codes[row].min() if named[row].all() else 0
            assert (exact[row, left] - rounding[row, left] <= edge).all(), kind


@pytest.mark.parametrize("way", WAYS)
def test_among_equal_scores_the_first_latents_stay(rng, monkeypatch, way):
    distinct = rng.normal(size=(5, 30)).astype(np.float32)
    copies = rng.integers(5, size=400)
    h = rng.normal(size=(50, 30)).astype(np.float32)
    active, codes = selected(monkeypatch, way, h, distinct[copies], np.zeros(400, np.float32), 7)
    order = h.astype(np.float64) @ distinct.T
    for row in range(50):
        ranked = np.lexsort((np.arange(400), -order[row, copies]))  # by score, then by latent
        positive = [latent for latent in ranked[:7] if order[row, copies[latent]] > 0]
        assert active[row][active[row] >= 0].tolist() == sorted(positive)
        assert len(set(codes[row])) <= len(set(copies[positive])) + 1


@pytest.mark.parametrize("way", WAYS)
def test_no_product_is_further_off_than_its_doubt(rng, way):
    for kind, *arrays in systems(rng):
        h, encoder, bias = (np.ascontiguousarray(a, np.float32) for a in arrays)
        sides = _selection._WAYS[way](h, encoder, bias)
        out = np.empty((len(h), len(bias)), np.int32)
        product = _products.multiply(sides.stimuli, sides.latents, out).astype(np.float64)
        raised, step, doubt = sides.columns.astype(np.float64)
        caught = sides.step[:, None].astype(np.float64) * step * product
        true = h.astype(np.float64) @ encoder.T.astype(np.float64)
        bound = sides.doubt[:, None].astype(np.float64) * doubt
        assert (np.abs(caught - true) <= bound).all(), kind
        assert (raised - bias >= 5e-7 * np.abs(bias)).all()
        if kind == "units that the encoder evens out" and way == "eight bits":
            assert np.median(bound) < 0.3 * true.std()  # no unit takes all the bits


def test_eight_bits_are_as_near_as_they_can_be(rng):
    rows = rng.normal(size=(9, 33)).astype(np.float32)
    factors = np.exp2(rng.integers(-3, 4, size=33)).astype(np.float32)
    done = quantise(rows, factors)
    scaled = rows * factors
    np.testing.assert_allclose(done.step, np.abs(scaled).max(1) / 127, rtol=1e-6)
    back = done.step[:, None] * done.whole
    assert (np.abs(back - scaled) <= 0.5001 * done.step[:, None]).all()
    for norm, array in ((done.length, scaled), (done.wrong, back - scaled)):
        exact = np.linalg.norm(array.astype(np.float64), axis=1)
        assert (norm >= exact).all()
        np.testing.assert_allclose(norm, exact, rtol=1e-3)
    assert not quantise(np.zeros((2, 3), np.float32), np.ones(3, np.float32)).wrong.any()


def test_the_quicker_way_is_taken_and_tried_again(rng):
    select = LatentSelection(4, 3)
    taken = []
    for block in range(600):
        trial = block % 256
        way = select._way(trial)
        taken.append(way)
        cost = {"eight bits": 1.0, "float32": 2.0 if block < 256 else 0.5}[way]
        select._learn(way, trial, cost)
    assert set(taken[4:256]) == {"eight bits"}
    assert set(taken[260:512]) == {"float32"}


@pytest.mark.parametrize("threads", [2, 3])
def test_threads_change_nothing(rng, monkeypatch, threads):
    h, encoder = rng.normal(size=(1100, 9)), rng.normal(size=(50, 9))
    arrays = [a.astype(np.float32) for a in (h, encoder, np.zeros(50))]
    alone = LatentSelection(50, 9)(*arrays, 4)
    before = torch.get_num_threads()
    monkeypatch.setattr("unbraid._kernels.threads.workers", lambda: threads)
    for one, many in zip(alone, LatentSelection(50, 9)(*arrays, 4), strict=True):
        np.testing.assert_array_equal(one, many)
    assert torch.get_num_threads() == before


def test_eight_bits_are_left_alone_where_their_sums_do_not_hold(rng, monkeypatch):
    h = rng.normal(size=(40, 1)).astype(np.float32)
    found = LatentSelection(5, 1)(
        h, h[:5], h[:5, 0], 2
    )  # one unit: torch leaves the product unwritten
    order = np.argsort(-(h * h[:5, 0] + h[:5, 0]), axis=1)[:, :2]
    assert all(set(row[row >= 0]) <= set(best) for row, best in zip(found[0], order, strict=True))
    assert not _products.eight_bits_hold(2**17, 256)
    plain = torch._int_mm
    with monkeypatch.context() as patch:  # as where pairs of products are summed in 16 bits
        patch.setattr(torch, "_int_mm", lambda a, b, out: plain(a, b).clamp(-(2**15), 2**15 - 1))
        assert list(LatentSelection(5, 8).cost) == ["float32"]
