# ruff: noqa: D103, D401
"""Claim: the linear and matching metrics are as fast as the peers' or faster, and equal to them.

``python benchmarks/align_speed.py [--fast] [name ...]``, name among semi, soft,
soft_low_rank, ridge, rsa, cka, procrustes.
Equality is checked first; each job runs in a process of its own.
"""

from __future__ import annotations

import sys

import numpy as np
from measure import compare, write

from unbraid import align

FAST = "--fast" in sys.argv
BARE = {"permutations": 0, "resamples": 0}
LABELS = 5


def gaussian(n: int, p: int, q: int, rank: int = 50, noise: float = 3.0):
    """Return two systems that share ``rank`` directions, and noise."""

    def prepare():
        rng = np.random.default_rng(0)
        size = (n // 10, p // 8, q // 8) if FAST else (n, p, q)
        z = rng.normal(size=(size[0], rank))
        return [z @ rng.normal(size=(rank, s)) + noise * rng.normal(size=(size[0], s))
                for s in size[1:]]  # fmt: skip

    return prepare


def folds_of(n: int) -> np.ndarray:
    return np.arange(n) % LABELS


def semi(x, y):
    return align.semi_matching(x, y, folds=folds_of(len(x)), **BARE).value


def semi_numpy(x, y):
    """The same definition, written plainly."""
    num, xx, yy = 0.0, 0.0, 0.0
    for fold in range(LABELS):
        held = folds_of(len(x)) == fold
        a, b = ((v - v[~held].mean(axis=0)) / v[~held].std(axis=0) for v in (x, y))
        best = (a[~held].T @ b[~held]).argmax(axis=0)
        a, b = a[held][:, best], b[held]
        num, xx, yy = num + (a * b).sum(0), xx + (a**2).sum(0), yy + (b**2).sum(0)
    return (num / np.sqrt(xx * yy)).mean()


def soft(x, y):
    from unbraid._kernels.matching.network_simplex import transport

    return transport(_correlation(x, y)).value


def soft_pot(x, y):
    import ot

    r = _correlation(x, y)
    p, q = r.shape
    plan = ot.emd(np.full(p, 1 / p), np.full(q, 1 / q), 1 - r, numItermax=10**9)
    return (plan * r).sum()


def _correlation(x, y):
    a, b = (v - v.mean(axis=0) for v in (x, y))
    return (a / np.linalg.norm(a, axis=0)).T @ (b / np.linalg.norm(b, axis=0))


ALPHAS = np.logspace(0, 9, 10)


def ridge(x, y):
    """One fit with a penalty for each target by 5 inner folds, as the peers do."""
    from unbraid.align.regression._nested_ridge import NestedRidge
    from unbraid.stats import as_folds

    nested = NestedRidge(x - x.mean(axis=0), as_folds(folds_of(len(x)), len(x)))
    fitted = nested.fit_all(y)
    return float(np.mean([np.corrcoef(fitted[:, j], y[:, j])[0, 1] for j in range(y.shape[1])]))


def ridge_himalaya(x, y):
    from himalaya.kernel_ridge import KernelRidgeCV

    model = KernelRidgeCV(alphas=ALPHAS, cv=5).fit(x - x.mean(axis=0), y - y.mean(axis=0))
    fitted = model.predict(x - x.mean(axis=0))
    return float(np.mean([np.corrcoef(fitted[:, j], y[:, j])[0, 1] for j in range(y.shape[1])]))


def ridge_sklearn(x, y):
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=ALPHAS, alpha_per_target=True).fit(x, y)
    fitted = model.predict(x)
    return float(np.mean([np.corrcoef(fitted[:, j], y[:, j])[0, 1] for j in range(y.shape[1])]))


def rsa(x, y):
    return align.rsa(x, y, rdm="correlation", compare="spearman", **BARE).value


def rsa_scipy(x, y):
    from scipy.spatial.distance import pdist
    from scipy.stats import spearmanr

    return spearmanr(pdist(x, "correlation"), pdist(y, "correlation"))[0]


def rsa_rsatoolbox(x, y):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare

    rdms = [calc_rdm(Dataset(v), method="correlation") for v in (x, y)]
    return compare(*rdms, method="spearman").item()


def cka(x, y):
    return align.cka(x, y, **BARE).value


def cka_features(x, y):
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return np.linalg.norm(x.T @ y) ** 2 / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)


def procrustes(x, y):
    return align.shape_distance(x, y)


def procrustes_svd(x, y):
    import scipy.linalg

    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    left, values, right = scipy.linalg.svd(x.T @ y)
    assert left.shape and right.shape
    return np.arccos(values.sum() / np.linalg.norm(x) / np.linalg.norm(y))


JOBS = {
    "semi": lambda: compare("semi-matching, 5 folds, 4096 x 4096, n = 5000", semi,
                            {"plain numpy": semi_numpy}, gaussian(5000, 4096, 4096)),
    "soft": lambda: compare("exact soft matching 4096 x 16384, unrelated", soft, {"POT": soft_pot},
                            gaussian(2000, 4096, 16384, rank=1, noise=1e3)),
    "soft_low_rank": lambda: compare("exact soft matching 4096 x 16384, rank 8", soft,
                                     {"POT": soft_pot}, gaussian(2000, 4096, 16384, 8, 0.0)),
    "ridge": lambda: compare("ridge 1600 x 4096 -> 1000, alpha per target", ridge,
                             {"himalaya": ridge_himalaya, "scikit-learn (LOO)": ridge_sklearn},
                             gaussian(1600, 4096, 1000), tolerance=0.05),
    "rsa": lambda: compare("RSA Spearman, n = 5000, 4096 units", rsa,
                           {"SciPy": rsa_scipy, "rsatoolbox": rsa_rsatoolbox},
                           gaussian(5000, 4096, 4096)),
    "cka": lambda: compare("linear CKA 4096 x 4096, n = 5000", cka,
                           {"features (netrep's way)": cka_features}, gaussian(5000, 4096, 4096)),
    "procrustes": lambda: compare("Procrustes 4096 x 4096, n = 5000", procrustes,
                                  {"full SVD (netrep's way)": procrustes_svd},
                                  gaussian(5000, 4096, 4096), tolerance=1e-6),
}  # fmt: skip

if __name__ == "__main__":
    names = [name for name in sys.argv[1:] if name in JOBS] or list(JOBS)
    for name in names:
        write(f"align_{name}", [JOBS[name]()])
