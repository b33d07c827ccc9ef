"""The same numbers as scikit-learn, SciPy, POT, himalaya and rsatoolbox where they ask the same."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from unbraid import align, stats
from unbraid.align.regression import _nested_ridge

FAST = {"permutations": 0, "resamples": 0}


def table():
    path = Path(__file__).parents[2] / "scripts" / "conformance_table.py"
    spec = importlib.util.spec_from_file_location("conformance_table", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks its annotations up there
    spec.loader.exec_module(module)
    return module


TABLE = table()


@pytest.fixture
def systems(rng):
    return TABLE.systems(int(rng.integers(2**32)))


@pytest.mark.filterwarnings("ignore")  # the peers' own
@pytest.mark.parametrize("peer", TABLE.PEERS, ids=lambda peer: f"{peer.ours} {peer.theirs}")
def test_ours_is_theirs(peer, systems):
    assert peer.difference(*systems) <= peer.tolerance


def test_the_check_of_peers_can_fail(systems):
    first = TABLE.PEERS[0]
    off = replace(first, pair=lambda x, y: (first.pair(x, y)[0], first.pair(y, x)[1]))
    assert off.difference(*systems) > first.tolerance


def test_the_page_of_conformance_is_current():
    assert TABLE.PAGE.read_text(encoding="utf-8") == TABLE.page(), "run conformance_table.py"


def test_every_metric_has_a_peer_or_a_reason():
    """Metrics that are here for their held-out value alone are named."""
    named = " ".join([peer.ours for peer in TABLE.PEERS] + list(TABLE.DIFFERENT))
    without = [name for name in align.METRICS if f"`{name}" not in named]
    assert sorted(without) == ["mutual_best", "ridge_r2", "weighted_rsa", "wmppc"]


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
