"""The sparse path gives the dense path's scores, and never makes a dense matrix."""

import numpy as np
import pytest
import scipy.sparse as sp

from unbraid import align
from unbraid.align.matching.solvers import _dense_matched


def codes(kind, rng, n=250, p=70, q=50):
    x = sp.random_array((n, p), density=0.06, random_state=rng).tocsr()
    y = x[:, :q].multiply(rng.random((n, q)) < 0.6).tocsr()
    y = sp.csr_array(y + sp.random_array((n, q), density=0.02, random_state=rng))
    if kind == "signed":
        x.data -= 0.4
        y.data -= 0.6
    if kind == "dead":
        keep = np.ones(p)
        keep[[0, 5]] = 0
        x = sp.csr_array(x @ sp.diags_array(keep))
        x.eliminate_zeros()
        y = sp.csr_array(y @ sp.diags_array(keep[:q]))
    if kind == "constant":
        dense = x.toarray()
        dense[:, 3] = 2.5
        x = sp.csr_array(dense)
    if kind == "unrelated":
        y = sp.random_array((n, q), density=0.03, random_state=rng).tocsr()
    return x, y


@pytest.mark.parametrize("sign", ["signed", "absolute"])
@pytest.mark.parametrize("kind", ["plain", "signed", "dead", "constant", "unrelated"])
@pytest.mark.parametrize("metric", ["semi_matching", "one_to_one", "soft_matching"])
def test_equals_the_dense_path(metric, kind, sign, rng):
    x, y = codes(kind, rng)
    compute = align.METRICS[metric].compute
    options = {"sign": sign, "permutations": 2, "resamples": 20}
    sparse, dense = compute(x, y, **options), compute(x.toarray(), y.toarray(), **options)
    assert sparse.in_sample == pytest.approx(dense.in_sample, abs=1e-10)
    if kind == "unrelated" and metric != "semi_matching":
        assert sparse.gap < 1e-12  # several plans are optimal: either may be found
        return
    for name in ("value", "null", "low", "high", "coverage", "value_over_all", "in_sample"):
        assert getattr(sparse, name) == pytest.approx(getattr(dense, name), abs=1e-10), name
    np.testing.assert_allclose(sparse.per_target, dense.per_target, atol=1e-10)
    np.testing.assert_allclose(sparse.per_fold, dense.per_fold, atol=1e-10)
    np.testing.assert_allclose(sparse.replicates, dense.replicates, atol=1e-10)
    np.testing.assert_array_equal(sparse.matching, dense.matching)


def test_nothing_is_densified(rng, monkeypatch):
    def refuse(self, *arguments, **options):
        raise AssertionError("densified")

    n, m = 300, 4000
    x, y = (sp.random_array((n, m), density=0.005, random_state=rng).tocsr() for _ in range(2))
    monkeypatch.setattr(sp.csr_array, "toarray", refuse)
    monkeypatch.setattr(sp.csr_array, "todense", refuse)
    monkeypatch.setattr(_dense_matched, "DenseMatched", None)
    assert abs(align.semi_matching(x, y, permutations=1, resamples=2).value) < 0.05


def test_the_number_of_threads_changes_nothing(rng, monkeypatch):
    from unbraid._kernels import threads

    n, m = 200, 9000
    x, y = (sp.random_array((n, m), density=0.002, random_state=rng).tocsr() for _ in range(2))
    scores = []
    for count in (1, 3):
        monkeypatch.setattr(threads, "workers", lambda count=count: count)
        scores.append(align.semi_matching(x, y, permutations=0, resamples=5))
    assert scores[0].value == scores[1].value
    np.testing.assert_array_equal(scores[0].replicates, scores[1].replicates)


def test_cka_of_codes_makes_no_dense_codes(rng, monkeypatch):
    n, m = 60, 3000
    x = sp.random_array((n, m), density=0.01, random_state=rng).tocsr()
    y = sp.csr_array(x[:, ::-1] + sp.random_array((n, m), density=0.01, random_state=rng))
    expected = [metric(x.toarray(), y.toarray(), permutations=2, resamples=5)
                for metric in (align.cka, align.cka_debiased)]  # fmt: skip
    dense = sp.csr_array.toarray

    def small(self, *arguments, **options):
        assert self.shape == (n, n)
        return dense(self, *arguments, **options)

    monkeypatch.setattr(sp.csr_array, "toarray", small)
    for metric, score in zip((align.cka, align.cka_debiased), expected, strict=True):
        codes = metric(x, y, permutations=2, resamples=5)
        assert codes.value == pytest.approx(score.value, abs=1e-10)
        assert codes.null == pytest.approx(score.null, abs=1e-10)
