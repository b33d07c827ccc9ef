"""The same numbers as scikit-learn, SciPy, POT, himalaya and rsatoolbox where they ask the same."""

import numpy as np
import pytest
from scipy import stats as scipy_stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.distance import pdist

from unbraid import align, stats
from unbraid.align import _nested_ridge

FAST = {"permutations": 0, "resamples": 0}


@pytest.fixture
def systems(rng):
    z = rng.normal(size=(120, 6))
    x = z @ rng.normal(size=(6, 9)) + rng.normal(size=(120, 9))
    return x, z @ rng.normal(size=(6, 7)) + rng.normal(size=(120, 7))


def correlations(x, y):
    return np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :]


def test_semi_matching_in_sample_is_numpy_corrcoef(systems):
    r = correlations(*systems)
    score = align.semi_matching(*systems, **FAST)
    assert score.in_sample == pytest.approx(r.max(axis=0).mean(), abs=1e-8)
    np.testing.assert_array_equal(score.matching, r.argmax(axis=0))
    assert align.max_pairwise(*systems, **FAST).value == pytest.approx(r.max(axis=0).mean())


def test_soft_matching_in_sample_is_pot(systems):
    ot = pytest.importorskip("ot")
    r = correlations(*systems)
    plan = ot.emd(np.full(9, 1 / 9), np.full(7, 1 / 7), 1 - r, numItermax=10_000_000)
    assert align.soft_matching(*systems, **FAST).in_sample == pytest.approx(
        (plan * r).sum(), abs=1e-8
    )


def test_one_to_one_in_sample_is_scipy_assignment(systems):
    r = correlations(*systems)
    i, j = linear_sum_assignment(-r)
    score = align.one_to_one(*systems, **FAST)
    assert score.in_sample == pytest.approx(r[i, j].mean(), abs=1e-8)
    np.testing.assert_array_equal(score.matching[j], i)


@pytest.mark.parametrize("p", [9, 200])
def test_ridge_predictions_are_scikit_learns(p, systems, rng):
    """Primal and dual: nested choice of alpha, refit and held-out prediction by hand."""
    from sklearn.linear_model import Ridge

    x, y = systems
    x = np.hstack([x, rng.normal(size=(120, p - 9))])
    folds = np.arange(120) % 5
    from unbraid.stats import as_folds

    nested = _nested_ridge.NestedRidge(x - x.mean(axis=0), as_folds(folds, 120))
    found = nested.predict(y)
    fold = 3
    train = folds != fold

    def fit(rows, alpha):
        centred = x[rows] - x[rows].mean(axis=0)
        side = min(p, rows.sum() - 1) if p > 9 else p
        unit = (centred**2).sum() / side
        return Ridge(alpha=alpha * unit, fit_intercept=True).fit(x[rows], y[rows])

    errors = np.zeros((len(_nested_ridge.ALPHAS), 7))
    for inner in set(range(5)) - {fold}:
        rows, held = train & (folds != inner), folds == inner
        for a, alpha in enumerate(_nested_ridge.ALPHAS):
            errors[a] += ((y[held] - fit(rows, alpha).predict(x[held])) ** 2).sum(axis=0)
    np.testing.assert_array_equal(found.alphas[fold], errors.argmin(axis=0))
    for j in range(7):
        model = fit(train, _nested_ridge.ALPHAS[found.alphas[fold, j]])
        expected = model.predict(x[~train])[:, j] - y[train, j].mean()
        np.testing.assert_allclose(found.held_out[~train, j], expected, atol=1e-7)


def test_cka_is_the_plain_formula(systems):
    x, y = (v - v.mean(axis=0) for v in systems)
    expected = np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    assert align.cka(*systems, **FAST).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("wide", [False, True])
def test_debiased_cka_is_song_et_al(systems, wide, rng):
    x, y = systems
    if wide:  # the kernel side
        x, y = np.hstack([x, rng.normal(size=(120, 300))]), np.hstack([y, y**2, y**3] * 20)
    n = len(x)

    def hsic(a, b):
        a, b = a - np.diag(a.diagonal()), b - np.diag(b.diagonal())
        ones = np.ones(n)
        return (
            np.trace(a @ b)
            + (ones @ a @ ones) * (ones @ b @ ones) / ((n - 1) * (n - 2))
            - 2 / (n - 2) * (ones @ a @ b @ ones)
        ) / (n * (n - 3))

    k, m = x @ x.T, y @ y.T
    expected = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
    assert align.cka_debiased(x, y, **FAST).value == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("rdm, metric", [("euclidean", "sqeuclidean"), ("correlation",) * 2])
@pytest.mark.parametrize("compare", ["pearson", "spearman"])
def test_rsa_is_scipy(systems, rdm, metric, compare):
    a, b = (pdist(side, metric) for side in systems)
    test = {"pearson": scipy_stats.pearsonr, "spearman": scipy_stats.spearmanr}[compare]
    score = align.rsa(*systems, rdm=rdm, compare=compare, **FAST)
    assert score.value == pytest.approx(test(a, b)[0], abs=1e-10)


def test_procrustes_in_sample_is_scipy(systems):
    x, y = systems
    padded = np.hstack([y, np.zeros((120, 2))])
    disparity = scipy_procrustes(x, padded)[2]
    cosine = align.procrustes(x, y, **FAST).in_sample
    assert 1 - cosine**2 == pytest.approx(disparity, abs=1e-10)


def test_rsa_is_rsatoolbox(systems):
    rsatoolbox = pytest.importorskip("rsatoolbox")
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    rdms = [calc_rdm(Dataset(side), method="correlation") for side in systems]
    expected = compare(*rdms, method="spearman").item()
    score = align.rsa(*systems, rdm="correlation", compare="spearman", **FAST)
    assert score.value == pytest.approx(expected, abs=1e-8)
    assert rsatoolbox.__name__ == "rsatoolbox"


def test_ridge_of_one_alpha_is_himalaya(systems):
    himalaya = pytest.importorskip("himalaya.ridge")
    x, y = systems
    train = np.arange(120) < 90
    a, b = x[train] - x[train].mean(axis=0), y[train] - y[train].mean(axis=0)
    from unbraid._kernels.ridge import spectrum

    fit = spectrum(x - x.mean(axis=0), np.flatnonzero(train), [np.flatnonzero(~train)], None)
    ours = fit.predict(0, fit.project(x - x.mean(axis=0), y), 10.0 / fit.unit)
    model = himalaya.Ridge(alpha=10.0, fit_intercept=False).fit(a, b)
    theirs = model.predict(x[~train] - x[train].mean(axis=0))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("name, options", [
    ("cka", {}),
    ("cka_debiased", {}),
    ("rsa", {"compare": "pearson"}),
    ("rsa", {"compare": "cosine"}),
    ("rsa", {"compare": "spearman"}),
    ("rsa", {"compare": "kendall"}),
])  # fmt: skip
def test_influence_spreads_like_the_jackknife_of_whole_runs(name, options, systems):
    """The influence of a stimulus is what the score loses without it."""
    n = 40
    x, y = (side[:n] for side in systems)
    compute = align.METRICS[name].compute
    score = compute(x, y, permutations=0, resamples=4, **options)
    rows = [np.arange(n) != t for t in range(n)]
    values = np.array([compute(x[keep], y[keep], **FAST, **options).value for keep in rows])
    spread = np.sqrt((n - 1) / n * ((values - values.mean()) ** 2).sum())
    found = stats.jackknife_spread(score.influence).error
    assert found == pytest.approx(spread, rel=1e-9 if options == {"compare": "pearson"} else 0.25)
