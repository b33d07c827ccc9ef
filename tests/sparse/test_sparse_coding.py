"""Sparse coding finds many features in few units, without being told how many are active."""

import numpy as np
import pytest

import unbraid as ub
from unbraid.interpret import dictionary_mcc, mcc
from unbraid.sparse._log import Log
from unbraid.sparse.auto._plan import AutoPlan
from unbraid.sparse.auto._search import Search


def planted(n, n_features, n_units, active, rng, signed=False):
    """Return features with `active` on, uniform on [0, 1], and what the units answer."""
    features = np.zeros((n, n_features))
    for row in features:
        row[rng.choice(n_features, active, replace=False)] = rng.uniform(0, 1, active)
    if signed:
        features *= rng.choice([-1, 1], features.shape)
    directions = rng.normal(size=(n_features, n_units))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return features, directions, features @ directions + 3


@pytest.mark.parametrize("signed", [False, True])
def test_it_finds_the_true_atoms_and_codes(signed):
    rng = np.random.default_rng(3)
    features, directions, x = planted(6000, 90, 40, 4, rng, signed)
    method = ub.SparseCoding(n_latents=90, signed=signed, iterations=40)
    learned = ub.fit(x[:5000], method, rng=0)
    codes = learned.encode(x[5000:])
    assert dictionary_mcc(learned.atoms, directions) > 0.93
    assert mcc(codes, features[5000:]) > 0.9
    untrained = ub.fit(x[:5000], ub.RandomDictionary(of=method), rng=0)
    assert mcc(untrained.encode(x[5000:]), features[5000:]) < 0.65


def test_a_zero_offset_stays_zero_and_units_of_measurement_do_not_matter():
    rng = np.random.default_rng(4)
    _, _, x = planted(800, 20, 12, 2, rng)
    method = ub.SparseCoding(n_latents=20, iterations=5, offset="zero")
    first, second = ub.fit(x, method, rng=1), ub.fit(1024 * x, method, rng=1)
    assert not first.offset.any()
    np.testing.assert_array_equal(first.atoms, second.atoms)
    assert second.penalty == 1024 * first.penalty


@pytest.mark.filterwarnings("ignore:.*stimuli are few:RuntimeWarning")
@pytest.mark.parametrize("shape", [(2, 1), (6, 3), (40, 1)])
def test_small_systems_give_finite_codes(shape):
    x = np.random.default_rng(5).normal(size=shape)
    learned = ub.fit(x, ub.SparseCoding(iterations=3), rng=0)
    assert np.isfinite(learned.encode(x).toarray()).all()


def test_progress_goes_on_while_weak_atoms_are_replaced():
    rng = np.random.default_rng(6)
    _, _, x = planted(900, 60, 24, 4, rng)
    x += 0.1 * rng.normal(size=x.shape)  # so that something is always left to learn
    heard = []
    method = ub.SparseCoding(n_latents=60, iterations=6, cycles=2)
    ub.fit(x, method, rng=0, progress=lambda message, share: heard.append((message, share)))
    shares = [share for _, share in heard]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1] <= 1
    assert any(message.startswith("replacing weak atoms") for message, _ in heard)


def test_progress_is_shown_each_time_all_is_learned_again():
    x = few_stimuli(0, 300, 30, 16, 4)[1]
    heard = []
    method = ub.SparseCoding(n_latents=30, iterations=8, cycles=1)
    learned = ub.fit(x, method, rng=0, progress=lambda message, share: heard.append(share))
    steps = [line["step"] for line in learned.evidence.history]
    assert len(steps) > 8  # more than one time
    assert steps == list(range(1, 1 + len(steps)))
    assert heard == sorted(heard) and heard[-1] <= 1


def few_stimuli(seed, n, n_features, n_units, active):
    """Return features that are on or off, and noisy answers: hardly more than suffice to learn."""
    rng = np.random.default_rng(seed)
    features, directions, _ = planted(n, n_features, n_units, active, rng)
    features = (features > 0).astype(float)
    return features, features @ directions + 0.05 * rng.normal(size=(n, n_units))


@pytest.mark.parametrize("seed", [0, 1])
def test_few_stimuli_suffice_where_the_penalty_falls_slowly(seed):
    features, x = few_stimuli(seed, 1000, 50, 28, 5)
    learned = ub.fit(x[:500], ub.SparseCoding(n_latents=50, cycles=0), rng=0)
    assert mcc(learned.encode(x[500:]), features[500:]) > 0.9


def test_of_few_stimuli_the_width_is_found_where_the_error_falls():
    _, x = few_stimuli(1, 300, 40, 24, 5)
    x = (x / x.std()).astype(np.float32)
    search = Search(x[:220], x[220:], AutoPlan(), 0, Log(), 1.0)
    wide = search.fit(60, learn_offset=True, signed=False)
    found = search.fewer(wide)
    assert wide.error > 0.35  # hardly anything is told apart
    assert found.error < 0.25
    assert len(found.atoms) == pytest.approx(40, abs=6)
