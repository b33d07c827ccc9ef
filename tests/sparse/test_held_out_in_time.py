"""Stimuli held out of a training that stand in time are no neighbours of those trained on."""

import warnings

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.sparse import Consensus, Pursuit, SparseCoding, TopK, Training, fit
from unbraid.sparse.learning import _finish, pursuit
from unbraid.sparse.training import _source
from unbraid.sparse.training._source import OnDisk, split


def slow(seed, n=600, p=6, rho=0.95):
    z = np.random.default_rng(seed).normal(size=(n, p))
    for t in range(1, n):
        z[t] = rho * z[t - 1] + np.sqrt(1 - rho**2) * z[t]
    return z


def apart(rows, held):
    """Fewest stimuli from one held out to one trained on."""
    return np.abs(np.asarray(rows)[:, None] - np.asarray(held)).min()


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("n", [100, 600, 2000])
def test_held_out_stimuli_are_runs_with_gaps(n, share):
    rows, held = split(slow(0, n), share, np.random.default_rng(0))
    assert len(held) == round(share * n)
    assert not set(rows) & set(held)
    assert (np.diff(held) > 1).sum() < 5  # runs
    assert len(rows) >= (n - len(held)) / 2
    assert apart(rows, held) > 1


def test_exchangeable_stimuli_are_drawn_as_before():
    x = np.random.default_rng(0).permutation(slow(0))
    order = np.random.default_rng(7).permutation(600)
    rows, held = split(x, 0.1, np.random.default_rng(7))
    np.testing.assert_array_equal(held, np.sort(order[:60]))
    np.testing.assert_array_equal(rows, np.sort(order[60:]))


def test_what_is_on_disk_is_looked_at_in_runs(tmp_path):
    for name, x in (("slow", slow(1, 20_000)), ("fast", slow(1, 20_000, rho=0.0))):
        np.save(tmp_path / f"{name}.npy", x)
        mapped = OnDisk(np.load(tmp_path / f"{name}.npy", mmap_mode="r"))
        held = split(mapped, 0.1, np.random.default_rng(0))[1]
        assert ((np.diff(held) > 1).sum() < 5) == (name == "slow")


@pytest.mark.parametrize("seed", range(3))
def test_neighbours_do_not_flatter_what_is_held_out(seed):
    """What ten components of slow noise miss of held-out stimuli, against a new series."""

    def missed(rows, validation):
        mean = rows.mean(axis=0)
        top = np.linalg.svd(rows - mean, full_matrices=False)[2][:10]
        left = (validation - mean) - (validation - mean) @ top.T @ top
        return (left**2).sum() / ((validation - mean) ** 2).sum()

    x, new = slow(seed, 400, 30, rho=0.98), slow(100 + seed, 4000, 30, rho=0.98)
    rows, held = split(x, 0.1, np.random.default_rng(seed))
    order = np.random.default_rng(seed).permutation(400)
    mixed = missed(x[order[40:]], x[order[:40]])
    truth = missed(x[rows], new)
    assert mixed < 0.5 * truth
    assert abs(missed(x[rows], x[held]) - truth) < 0.5 * (truth - mixed)


@pytest.mark.parametrize("said, of_slow, of_shuffled", [
    ("auto", True, False), ("time", True, True), ("exchangeable", False, False),
])  # fmt: skip
@pytest.mark.parametrize("method", [
    TopK(n_latents=12, k=2, training=Training(steps=10)),
    SparseCoding(n_latents=8, cycles=1, iterations=2),
    Pursuit(n_latents=8, k=2, held_out=0.1, iterations=2, restarts=1, cycles=1),
    Consensus(of=Pursuit(n_latents=8, k=2, held_out=0.1, iterations=2, restarts=1, cycles=1),
              n_seeds=2, alike=0.1),
], ids=lambda method: type(method).__name__)  # fmt: skip
def test_what_the_caller_says_of_the_order_rules(monkeypatch, method, said, of_slow, of_shuffled):
    seen = []

    def spy(*args):
        rows, held = split(*args)
        seen.append(bool((np.diff(held) > 1).sum() < 5))
        return rows, held

    for place in (_source, pursuit, _finish):
        monkeypatch.setattr(place, "split", spy)
    x = slow(0, 300)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # few steps
        for responses, runs in ((x, of_slow), (np.random.default_rng(0).permutation(x),
                                               of_shuffled)):  # fmt: skip
            seen.clear()
            fit(responses, method, rng=0, order=said)
            assert seen
            assert set(seen) == {runs}


def test_an_order_that_there_is_not_is_refused():
    with pytest.raises(InputError, match="order must be one of auto, exchangeable, time, got 'by'"):
        fit(slow(0, 50), TopK(), order="by")
