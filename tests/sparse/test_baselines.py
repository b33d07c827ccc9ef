"""Linear and clustering baselines: identities that define them, truth they must find."""

import warnings

import numpy as np
import pytest
from scipy.optimize import nnls

from unbraid.errors import InputError
from unbraid.sparse import ICA, NMF, PCA, Dictionary, KMeans, RandomDictionary, fit


@pytest.mark.parametrize("n", [300, 8])
@pytest.mark.parametrize("m", [None, 3])
def test_pca_leaves_the_smallest_eigenvalues(rng, n, m):
    x = rng.normal(size=(n, 12)) * np.arange(1, 13) + 5
    x[:, 4] = 7.0  # a constant unit
    learned = fit(x, PCA(n_latents=m), rng=0)
    eigenvalues = np.linalg.eigvalsh(np.cov(x.T))[::-1]
    expected = eigenvalues[len(learned.atoms) :].sum() / eigenvalues.sum()
    assert learned.evidence.fvu == pytest.approx(expected, abs=1e-12)
    np.testing.assert_allclose(learned.atoms @ learned.atoms.T, np.eye(len(learned.atoms)),
                               atol=1e-9)  # fmt: skip
    assert len(learned.atoms) == (m or min(11, n - 1))


def test_one_sided_components_reconstruct_the_same_and_k_keeps_the_largest(rng, tmp_path):
    x = rng.normal(size=(200, 6)).astype(np.float32)
    both, one = fit(x, PCA(n_latents=4), rng=0), fit(x, PCA(n_latents=4, one_sided=True), rng=0)
    codes = one.encode(x)
    assert one.atoms.dtype == np.float32
    assert codes.data.min() > 0
    assert codes.shape[1] == 8
    np.testing.assert_allclose(one.decode(codes), both.decode(both.encode(x)), atol=1e-5)
    few = fit(x, PCA(n_latents=4, k=2), rng=0).encode(x)
    full = both.encode(x).toarray()
    assert few.l0 == 2
    np.testing.assert_allclose(np.abs(few.toarray()).max(1), np.abs(full).max(1), rtol=1e-5)
    again = Dictionary.load(both.save(tmp_path / "d"))
    np.testing.assert_allclose(again.encode(x).toarray(), full, atol=1e-6)


def test_ica_finds_independent_sources_that_pca_mixes(rng, make_world):
    sources = rng.laplace(size=(3000, 5))
    mixing = rng.normal(size=(5, 8))
    x = sources @ mixing - 3
    found = {}
    for kind in (ICA, PCA):
        codes = fit(x, kind(n_latents=5), rng=0).encode(x).toarray()
        r = np.abs(np.corrcoef(sources.T, codes.T)[:5, 5:])
        found[kind] = r.max(1).mean()
    assert found[ICA] > 0.98
    assert found[PCA] < 0.9
    learned = fit(x, ICA(), rng=0)
    assert learned.n_latents == 5  # as many as x has dimensions
    assert learned.evidence.fvu < 1e-10
    unit = mixing / np.linalg.norm(mixing, axis=1, keepdims=True)
    assert np.abs(learned.atoms @ unit.T).max(0).min() > 0.99


def test_components_cannot_exceed_units_or_the_rank(rng):
    x = rng.normal(size=(5, 20))
    with pytest.raises(InputError, match="at most the number of units, 20, got 21"):
        fit(x, PCA(n_latents=21), rng=0)
    with pytest.warns(RuntimeWarning, match="vary in 4 directions only, fewer than the 10"):
        fit(x, PCA(n_latents=10), rng=0)
    with pytest.raises(InputError, match="k must be at most the number of latents, 3, got 4"):
        fit(x, PCA(n_latents=3, k=4), rng=0)


def test_nmf_codes_are_the_non_negative_least_squares(rng):
    from sklearn.decomposition import NMF as Theirs

    x = rng.gamma(1, size=(300, 3)) @ rng.gamma(0.3, size=(3, 10)) + 0.01 * rng.random((300, 10))
    learned = fit(x, NMF(n_latents=3), rng=0)
    codes = learned.encode(x).toarray()
    assert learned.atoms.min() >= 0
    assert codes.min() >= 0
    for row in range(5):
        best, _ = nnls(learned.atoms.T, x[row])
        np.testing.assert_allclose(codes[row], best, atol=1e-6)
    theirs = Theirs(3, init="nndsvda", max_iter=500)
    error = np.linalg.norm(x - theirs.fit_transform(x) @ theirs.components_)
    assert np.linalg.norm(x - codes @ learned.atoms) <= error * (1 + 1e-6)
    assert np.diff(fit(x, NMF(n_latents=3, k=1), rng=0).encode(x).indptr).max() == 1


def test_nmf_refuses_negative_responses(rng):
    with pytest.raises(InputError, match="never negative, got -.* Use PCA, ICA or Pursuit"):
        fit(rng.normal(size=(30, 4)), NMF(), rng=0)
    with pytest.raises(InputError, match="k must be at most the number of latents, 2, got 3"):
        fit(rng.random((30, 4)), NMF(n_latents=2, k=3), rng=0)
    with pytest.warns(RuntimeWarning, match="NMF has not converged in 1 steps"):
        fit(rng.random((30, 4)), NMF(max_steps=1), rng=0)
    with pytest.warns(RuntimeWarning, match="ICA has not converged in 1 steps"):
        fit(rng.normal(size=(30, 4)), ICA(max_steps=1), rng=0)


def test_k_means_finds_features_that_are_active_alone(make_world):
    world = make_world(n_features=12, n_units=20, k=1, noise=0.02)
    learned = fit(world.x, KMeans(n_latents=16), rng=0)
    assert world.mcc(learned.encode(world.x)) > 0.85
    chance = fit(world.x, RandomDictionary(of=KMeans(n_latents=16)), rng=0)
    assert world.mcc(learned.encode(world.x)) > world.mcc(chance.encode(world.x)) + 0.2
    with pytest.raises(InputError, match="at most the number of stimuli that differ"):
        fit(world.x[:10], KMeans(n_latents=16), rng=0)


@pytest.mark.parametrize("method", [PCA(), ICA(), NMF(), KMeans(n_latents=2)], ids=repr)
def test_baselines_take_small_and_degenerate_systems(rng, method):
    x = rng.random((6, 3)).astype(np.float32)
    x[:, 1] = 2.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # so few stimuli need not converge
        learned = fit(x, method, rng=0)
    codes = learned.encode(x)
    assert np.isfinite(learned.atoms).all()
    assert np.isfinite(codes.data).all()
    assert learned.fvu(x, codes) < 1
    untrained = fit(x, RandomDictionary(of=method), rng=0)
    assert untrained.atoms.shape[1] == 3
