"""Write docs/conformance.md: the same inputs through other libraries and published formulas.

Each row is a pair of functions of the same two systems, ours and theirs; tests/conformance runs
them all and compares. ``python scripts/conformance_table.py`` prints what it finds and writes the
page.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats as scipy_stats
from scipy.optimize import linear_sum_assignment
from scipy.spatial import procrustes as scipy_procrustes
from scipy.spatial.distance import pdist, squareform

from unbraid import align, stats

PAGE = Path(__file__).parent.parent / "docs" / "conformance.md"
FAST: dict[str, Any] = {"permutations": 0, "resamples": 0}
TRAIN = np.arange(120) < 90

HEAD = """# Conformance

The same inputs through other libraries and published formulas, and how closely the numbers agree.
Made from the pairs that `tests/conformance` runs, by `python scripts/conformance_table.py`. Most
peers score a fit on the stimuli it was fitted to; then our `in_sample` is compared, and the
held-out `value` has no peer. *Agree to*: the largest absolute difference that the test lets pass.

| ours | theirs | agree to | remark |
| --- | --- | --- | --- |
"""

DIFFERENT = {
    "`cknna`, published code": "its default is a U-statistic of kernels that are not centred, over "
    "stimuli that are each other's neighbours; ours is the paper's formula (above).",
    "`rsa` crossnobis, rsatoolbox": "given one noise precision the distances are equal (above); "
    "`rsa` whitens each pair by the noise of other folds' stimuli, since the same stimuli's noise "
    "biases distances upwards.",
    "`variance_partition`, himalaya `GroupRidgeCV`": "both search random weightings of the bands: "
    "equal only in the limit of many.",
    "`ridge`, scikit-learn `RidgeCV`": "ours chooses each target's penalty on inner folds, RidgeCV "
    "one for all by leave-one-out; protocol `longon2025` is RidgeCV itself.",
    "`longon2025` soft matching, published code": "the published code gives 0/0 for a silent "
    "unit; ours drops it.",
    "confidence intervals, rsatoolbox": "theirs resample stimuli, with zero distances between "
    "copies; ours delete stimuli.",
}
"""Where numbers differ by intent, and why."""


@dataclass(frozen=True)
class Peer:
    """One quantity computed twice."""

    ours: str
    theirs: str
    needs: str
    tolerance: float
    pair: Callable[[np.ndarray, np.ndarray], tuple[Any, Any]]
    remark: str = ""

    def difference(self, x: np.ndarray, y: np.ndarray) -> float:
        """Return the largest absolute difference."""
        mine, other = self.pair(x, y)
        return float(np.max(np.abs(np.asarray(mine) - np.asarray(other))))


def systems(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return two systems of 120 stimuli, 9 and 7 units, that share six variables."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(120, 6))
    x = z @ rng.normal(size=(6, 9)) + rng.normal(size=(120, 9))
    return x, z @ rng.normal(size=(6, 7)) + rng.normal(size=(120, 7))


def trials(seed: int = 0) -> np.ndarray:
    """Return 4 repeats of 30 stimuli, 8 units with correlated noise."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(4, 30, 8)) @ rng.normal(size=(8, 8))
    return rng.normal(size=(30, 8)) + noise


def _centred(*sides):
    return [side - side.mean(axis=0) for side in sides]


def _r(x, y):
    return np.corrcoef(x.T, y.T)[: x.shape[1], x.shape[1] :]


def _in_sample(metric, x, y, **options):
    return metric(x, y, **FAST, **options).in_sample


def _hsic(k, m):
    """Song et al. (2012), eq. 5."""
    n = len(k)
    k, m = k - np.diag(k.diagonal()), m - np.diag(m.diagonal())
    middle = k.sum() * m.sum() / ((n - 1) * (n - 2))
    return (np.trace(k @ m) + middle - 2 / (n - 2) * (k.sum(axis=0) @ m.sum(axis=0))) / (
        n * (n - 3)
    )


def _debiased(k, m):
    return _hsic(k, m) / np.sqrt(_hsic(k, k) * _hsic(m, m))


def _gaussian(x):
    from sklearn.metrics.pairwise import rbf_kernel

    return rbf_kernel(x, gamma=0.5 / np.median(pdist(x, "sqeuclidean")))


def _one_to_one(x, y):
    r = _r(x, y)
    i, j = linear_sum_assignment(-r)
    return _in_sample(align.one_to_one, x, y), r[i, j].mean()


def _soft(x, y):
    import ot

    plan = ot.emd(np.full(9, 1 / 9), np.full(7, 1 / 7), 1 - _r(x, y), numItermax=10_000_000)
    return _in_sample(align.soft_matching, x, y), (plan * _r(x, y)).sum()


def _partial(x, y):
    import ot

    weights = np.full(9, 1 / 9), np.full(7, 1 / 7)
    plan = ot.partial.partial_wasserstein(*weights, 1 - _r(x, y), m=0.6)
    return _in_sample(align.soft_matching, x, y, mass=0.6), (plan * _r(x, y)).sum() / 0.6


def _distance(x, y):
    import ot

    cost = 2 - 2 * _r(x, y)
    least = ot.emd2(np.full(9, 1 / 9), np.full(7, 1 / 7), cost, numItermax=10_000_000)
    return align.soft_matching_distance(x, y), np.sqrt(least)


def _ridge(x, y, model):
    from unbraid._kernels.linear_algebra.ridge import spectrum

    own = x - x.mean(axis=0)
    fit = spectrum(own, np.flatnonzero(TRAIN), [np.flatnonzero(~TRAIN)], None)
    ours = fit.predict(0, fit.project(own, y), 10.0 / fit.grid.mean)
    model = model(alpha=10.0, fit_intercept=False)
    model.fit(x[TRAIN] - x[TRAIN].mean(axis=0), y[TRAIN] - y[TRAIN].mean(axis=0))
    return ours, model.predict(x[~TRAIN] - x[TRAIN].mean(axis=0))


def _sklearn_ridge(x, y):
    from sklearn.linear_model import Ridge

    return _ridge(x, y, Ridge)


def _himalaya_ridge(x, y):
    from himalaya.ridge import Ridge

    return _ridge(x, y, Ridge)


def _pls(x, y):
    from sklearn.cross_decomposition import PLSRegression

    from unbraid.align.regression._pls import pls_predictions

    scaled = (y - y[TRAIN].mean(axis=0)) / y[TRAIN].std(axis=0)
    model = PLSRegression(4, scale=False, max_iter=50_000, tol=1e-14).fit(x[TRAIN], scaled[TRAIN])
    return pls_predictions(x, y, TRAIN, 4).steps.sum(axis=0), model.predict(x)


def _cka(x, y):
    a, b = _centred(x, y)
    norm = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    return align.cka(x, y, **FAST).value, np.linalg.norm(a.T @ b) ** 2 / norm


def _rsa_scipy(metric, rdm, test, compare):
    def pair(x, y):
        expected = test(pdist(x, metric), pdist(y, metric))[0]
        return align.rsa(x, y, rdm=rdm, compare=compare, **FAST).value, expected

    return pair


def _rdms(*sides, method="correlation"):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm

    return [calc_rdm(Dataset(side), method=method) for side in sides]


def _rsa_toolbox(method, compare):
    def pair(x, y):
        from rsatoolbox.rdm import compare as theirs

        expected = theirs(*_rdms(x, y, method="euclidean"), method=method).item()
        return align.rsa(x, y, compare=compare, **FAST).value, expected

    return pair


def _crossnobis(x, y):  # noqa: ARG001
    from rsatoolbox.data import Dataset
    from rsatoolbox.data.noise import prec_from_residuals
    from rsatoolbox.rdm import calc_rdm

    from unbraid.align.geometry._crossnobis import _distances

    t = trials()
    residuals = t - t.mean(axis=0)
    names = {"stimulus": np.tile(np.arange(30), 4), "run": np.repeat(np.arange(4), 30)}
    precision = prec_from_residuals(residuals.reshape(-1, 8), dof=90, method="shrinkage_diag")
    rdm = calc_rdm(Dataset(t.reshape(-1, 8), obs_descriptors=names), "crossnobis",
                   descriptor="stimulus", cv_descriptor="run", noise=precision)  # fmt: skip
    return _distances(t, residuals, "x"), squareform(rdm.get_vectors()[0])


def _ceiling(compare, method):
    def pair(x, y):
        from rsatoolbox.inference import boot_noise_ceiling
        from rsatoolbox.rdm.rdms import concat

        people = {str(i): side for i, side in enumerate((x, y, x + y[:, :1], y[:, ::2] ** 2))}
        rdms = concat(_rdms(*people.values(), method="euclidean"))
        expected = boot_noise_ceiling(rdms, method=method)
        return align.rsa_ceiling(people, compare=compare).interval, expected

    return pair


def _shape(alpha, kind):
    """Williams et al. (2021), eq. 6-9, as netrep's LinearMetric computes it."""

    def pair(x, y):
        def whitened(z):
            values, axes = np.linalg.eigh(z.T @ z)
            return z @ (
                alpha * np.eye(len(values)) + (1 - alpha) * (axes / np.sqrt(values)) @ axes.T
            )

        a, b = (whitened(side) for side in _centred(x, y))
        shared, norms = np.linalg.svd(a.T @ b)[1].sum(), (np.linalg.norm(a), np.linalg.norm(b))
        angle = np.arccos(shared / (norms[0] * norms[1]))
        length = np.sqrt(norms[0] ** 2 + norms[1] ** 2 - 2 * shared)
        expected = angle if kind == "angular" else length
        return align.shape_distance(x, y, alpha=alpha, kind=kind), expected

    return pair


def _canonical(x, y):
    """Bjorck & Golub (1973): singular values of Qx' Qy, and the left canonical variates."""
    (qx, _), (qy, _) = (np.linalg.qr(side) for side in _centred(x, y))
    left, r, _ = np.linalg.svd(qx.T @ qy, full_matrices=False)
    return r, qx @ left


def _svcca(x, y):
    parts = []
    for side in _centred(x, y):
        u, s, _ = np.linalg.svd(side, full_matrices=False)
        kept = int(np.searchsorted(np.cumsum(s**2) / (s**2).sum(), 0.99)) + 1
        parts.append(u[:, :kept] * s[:kept])
    return _in_sample(align.svcca, x, y), _canonical(*parts)[0].mean()


def _pwcca(x, y):
    r, variates = _canonical(x, y)
    weights = np.abs(variates.T @ _centred(x)[0]).sum(axis=1)
    return _in_sample(align.pwcca, x, y), r @ weights / weights.sum()


def _sklearn_cca(x, y):
    from sklearn.cross_decomposition import CCA

    a, b = CCA(7, max_iter=50_000, tol=1e-12).fit_transform(x, y)
    found = [np.corrcoef(a[:, i], b[:, i])[0, 1] for i in range(7)]
    return _in_sample(align.cca, x, y), np.mean(found)


def _mutual(x, y):
    from sklearn.neighbors import NearestNeighbors

    near = [NearestNeighbors(n_neighbors=10).fit(side).kneighbors(return_distance=False)
            for side in (x, y)]  # fmt: skip
    shared = [len(set(a) & set(b)) / 10 for a, b in zip(*near, strict=True)]
    return align.mutual_knn(x, y, **FAST).value, np.mean(shared)


def _cknna(x, y):
    near, kernels = [], []
    for side in (x, y):
        distance = np.linalg.norm(side[:, None] - side[None], axis=2)
        near.append([set(np.argsort(row)[:11]) - {t} for t, row in enumerate(distance)])
        kernel = side @ side.T
        kernels.append(kernel - kernel.mean(axis=0) - kernel.mean(axis=1)[:, None] + kernel.mean())

    def local(a, b):
        return sum(kernels[a][s, t] * kernels[b][s, t]
                   for s in range(len(x)) for t in near[a][s] & near[b][s])  # fmt: skip

    return align.cknna(x, y, **FAST).value, local(0, 1) / np.sqrt(local(0, 0) * local(1, 1))


def _jaccard(x, y):
    from sklearn.metrics import jaccard_score

    best = [max(jaccard_score(b > 0, a > 0) for a in x.T) for b in y.T]
    return _in_sample(align.jaccard, x, y), np.mean(best)


def _discovery(x, y):
    p = scipy_stats.norm.sf(np.abs(_r(x, y)) * 5)
    return stats.benjamini_hochberg(p), scipy_stats.false_discovery_control(p.ravel()).reshape(9, 7)


PEERS = (
    Peer("`semi_matching` in sample", "NumPy `corrcoef`, largest", "numpy", 1e-8,
         lambda x, y: (_in_sample(align.semi_matching, x, y), _r(x, y).max(axis=0).mean())),
    Peer("`max_pairwise`", "NumPy `corrcoef`, largest", "numpy", 1e-8,
         lambda x, y: (align.max_pairwise(x, y, **FAST).value, _r(x, y).max(axis=0).mean())),
    Peer("`one_to_one` in sample", "SciPy `linear_sum_assignment`", "scipy", 1e-8, _one_to_one),
    Peer("`soft_matching` in sample", "POT `emd`", "ot", 1e-8, _soft, "its iteration limit raised"),
    Peer("`soft_matching(mass=0.6)` in sample", "POT `partial_wasserstein`", "ot", 1e-8, _partial),
    Peer("`soft_matching_distance`", "POT `emd2`", "ot", 1e-8, _distance),
    Peer("ridge predictions, one penalty", "scikit-learn `Ridge`", "sklearn", 1e-8, _sklearn_ridge),
    Peer("ridge predictions, one penalty", "himalaya `Ridge`", "himalaya", 1e-8, _himalaya_ridge),
    Peer("`pls` predictions", "scikit-learn `PLSRegression`", "sklearn", 1e-6, _pls,
         "its power iterations run to 1e-14"),
    Peer("`cka`", "Kornblith et al. (2019)", "numpy", 1e-10, _cka),
    Peer("`cka_debiased`", "Song et al. (2012), eq. 5", "numpy", 1e-10,
         lambda x, y: (align.cka_debiased(x, y, **FAST).value, _debiased(x @ x.T, y @ y.T))),
    Peer("`kernel_cka`", "Song et al. (2012) on scikit-learn `rbf_kernel`", "sklearn", 1e-10,
         lambda x, y: (align.kernel_cka(x, y, **FAST).value,
                       _debiased(_gaussian(x), _gaussian(y)))),
    Peer("`rsa` Euclidean, Pearson", "SciPy `pdist`, `pearsonr`", "scipy", 1e-10,
         _rsa_scipy("sqeuclidean", "euclidean", scipy_stats.pearsonr, "pearson")),
    Peer("`rsa` Euclidean, Spearman", "SciPy `pdist`, `spearmanr`", "scipy", 1e-10,
         _rsa_scipy("sqeuclidean", "euclidean", scipy_stats.spearmanr, "spearman")),
    Peer("`rsa` correlation, Pearson", "SciPy `pdist`, `pearsonr`", "scipy", 1e-10,
         _rsa_scipy("correlation", "correlation", scipy_stats.pearsonr, "pearson")),
    Peer("`rsa` Spearman", "rsatoolbox `compare`", "rsatoolbox", 1e-8,
         _rsa_toolbox("spearman", "spearman")),
    Peer("`rsa` Kendall", "rsatoolbox `compare`, tau-a", "rsatoolbox", 1e-8,
         _rsa_toolbox("tau-a", "kendall")),
    Peer("`rsa` cosine", "rsatoolbox `compare`", "rsatoolbox", 1e-8,
         _rsa_toolbox("cosine", "cosine")),
    Peer("crossnobis distances, shrunk noise", "rsatoolbox `calc_rdm`, `prec_from_residuals`",
         "rsatoolbox", 1e-8, _crossnobis, "the same precision for all pairs"),
    Peer("`rsa_ceiling` Pearson", "rsatoolbox `boot_noise_ceiling`", "rsatoolbox", 1e-8,
         _ceiling("pearson", "corr")),
    Peer("`rsa_ceiling` Spearman", "rsatoolbox `boot_noise_ceiling`", "rsatoolbox", 1e-8,
         _ceiling("spearman", "spearman")),
    Peer("`rsa_ceiling` cosine", "rsatoolbox `boot_noise_ceiling`", "rsatoolbox", 1e-8,
         _ceiling("cosine", "cosine")),
    Peer("`procrustes` in sample", "SciPy `procrustes`", "scipy", 1e-10,
         lambda x, y: (1 - _in_sample(align.procrustes, x, y) ** 2,
                       scipy_procrustes(x, np.hstack([y, np.zeros((120, 2))]))[2])),
    *(Peer(f"`shape_distance` {kind}, alpha {alpha:g}", "Williams et al. (2021), netrep's form",
           "numpy", 1e-6, _shape(alpha, kind))
      for kind in ("angular", "euclidean") for alpha in (1.0, 0.5, 0.0)),
    Peer("`cca` in sample", "scikit-learn `CCA`", "sklearn", 1e-6, _sklearn_cca),
    Peer("`cca` in sample", "Bjorck & Golub (1973)", "numpy", 1e-10,
         lambda x, y: (_in_sample(align.cca, x, y), _canonical(x, y)[0].mean())),
    Peer("`svcca` in sample", "Raghu et al. (2017)", "numpy", 1e-10, _svcca),
    Peer("`pwcca` in sample", "Morcos et al. (2018), anatome's form", "numpy", 1e-10, _pwcca),
    Peer("`cknna`", "Huh et al. (2024), appendix", "numpy", 1e-10, _cknna),
    Peer("`mutual_knn`", "Huh et al. (2024) on scikit-learn `NearestNeighbors`", "sklearn", 1e-12,
         _mutual),
    Peer("`jaccard` in sample", "scikit-learn `jaccard_score`", "sklearn", 1e-10, _jaccard),
    Peer("`benjamini_hochberg`", "SciPy `false_discovery_control`", "scipy", 1e-12, _discovery),
)  # fmt: skip


def page() -> str:
    """Return the page."""
    rows = [f"| {p.ours} | {p.theirs} | {p.tolerance:.0e} | {p.remark} |\n" for p in PEERS]
    apart = [f"- {name}: {why}\n" for name, why in DIFFERENT.items()]
    return HEAD + "".join(rows) + "\nWhere numbers differ by intent:\n\n" + "".join(apart)


def main() -> None:
    """Print every difference and write the page."""
    for peer in PEERS:
        try:
            importlib.import_module(peer.needs)
            found = f"{peer.difference(*systems()):.1e} of {peer.tolerance:.0e}"
        except ModuleNotFoundError:
            found = f"{peer.needs} is not installed"
        print(f"{peer.ours:45s} {peer.theirs:55s} {found}")  # noqa: T201
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
