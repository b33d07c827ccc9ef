"""What depends on a source alone is computed once for all of its targets, and changes no number."""

import numpy as np
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid import align
from unbraid.align._source import keeping_the_last_source, of_source
from unbraid.align.regression import _nested_ridge

FEW = {"permutations": 3, "resamples": 20}


@pytest.fixture
def spectra(monkeypatch):
    made, real = [], _nested_ridge.spectrum
    monkeypatch.setattr(_nested_ridge, "spectrum", lambda *a: made.append(1) or real(*a))
    return made


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array])
def test_scores_of_one_source_have_the_bits_of_each_alone(kind, rng, spectra):
    x, others = rng.random((40, 6)), rng.random((3, 40, 5))
    x = kind(x * (x > 0.5))
    alone = [align.ridge(x, y, **FEW) for y in others]
    spectra.clear()
    with keeping_the_last_source():
        together = [align.ridge(x.copy(), y, **FEW) for y in others]
    assert len(spectra) == 16  # 10 pairs of folds, 5 folds, and all stimuli
    for a, b in zip(alone, together, strict=True):
        assert (a.value, a.low, a.null, a.p_value) == (b.value, b.low, b.null, b.p_value)
        np.testing.assert_array_equal(a.influence, b.influence)


@pytest.mark.parametrize("change", ["value", "shape", "folds", "kind"])
def test_another_source_is_computed_for_itself(change, rng, spectra):
    x, y = rng.normal(size=(24, 4)), rng.normal(size=(24, 2))
    other, folds = x.copy(), np.arange(24) % 4
    same = folds
    if change == "value":
        other[-1, -1] += 1e-12
    if change == "shape":
        other = other[:, :3]
    if change == "folds":
        same = folds[::-1].copy()
    if change == "kind":
        other = sp.csr_array(x)
    with keeping_the_last_source():
        align.ridge(x, y, folds=folds, **FEW)
        spectra.clear()
        found = align.ridge(other, y, folds=same, **FEW)
    assert len(spectra) == 11
    assert found.value == align.ridge(other, y, folds=same, **FEW).value


def test_nothing_is_kept_outside_and_one_answer_inside():
    made = []

    def make():
        made.append(1)
        return len(made)

    assert [of_source("a", make, np.ones(2)) for _ in range(2)] == [1, 2]
    with keeping_the_last_source():
        sources = [np.ones(2), np.ones(2), np.zeros(2), np.ones(2), np.ones((1, 2))]
        assert [of_source("a", make, x) for x in sources] == [3, 3, 4, 5, 6]
    assert of_source("a", make, np.ones(2)) == 7


def test_a_comparison_decomposes_each_source_once(rng, spectra):
    x = np.abs(rng.normal(size=(80, 4)))
    options = {"method": ub.sparse.ICA(), "seeds": 1, "metrics": ("ridge",), "permutations": 0}
    result = ub.compare(x, x[:, ::-1] ** 2, **options, resamples=0)
    decomposed = 8 * 16 + 46  # both units, both codes, once before the rest, and five controls
    assert len(spectra) == decomposed
    order = [(s.source, s.target) for s in result.scores]
    assert order[:3] == [("base", "base"), ("base", "base"), ("codes", "codes")]
