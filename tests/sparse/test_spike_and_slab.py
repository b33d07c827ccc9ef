"""Sampled codes: what they recover under noise, against planted truth and identities."""

import json
from dataclasses import replace

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.sparse import (
    Auto,
    Dictionary,
    DictionaryTransformer,
    Pursuit,
    SparseCoding,
    SpikeAndSlab,
    fit,
)
from unbraid.sparse.inference._monte_carlo_em import (
    MonteCarloEM,
    _cut,
    fitted_prior,
    silent,
    start_prior,
)
from unbraid.sparse.inference._posterior import held_out_units_by, posterior_mean
from unbraid.sparse.inference._prior import Prior
from unbraid.sparse.learning._candidate import candidate, polish, with_best_penalty
from unbraid.sparse.learning._spike_slab_fit import sampled

NOISE = 0.15


@pytest.fixture
def noisy(make_world):
    return make_world(n_features=24, n_units=16, k=2, n=2500, noise=NOISE)


def true_prior(world):
    """What the world was drawn from."""
    on = world.features > 0
    return Prior(
        rate=on.mean(0),
        mean=np.array([z[z > 0].mean() for z in world.features.T]),
        variance=np.array([z[z > 0].var() for z in world.features.T]),
        noise=NOISE**2,
    )


def as_float32(world):
    return world.x.astype(np.float32), world.atoms.astype(np.float32)


def closeness(truth, atoms):
    """Mean over the true atoms of the largest cosine."""
    return np.abs(truth @ atoms.T).max(1).mean()


def test_posterior_means_err_less_than_the_lasso_and_are_what_is_expected(noisy):
    x, atoms = as_float32(noisy)
    codes = posterior_mean(x, atoms, true_prior(noisy)).toarray()
    lasso = Dictionary(atoms=atoms, offset=np.zeros(16), method=Pursuit(), by="fista")
    lasso = lasso.prepared(x).encode(x)
    error = np.square(codes - noisy.features).mean()
    assert error < 0.7 * np.square(lasso.toarray() - noisy.features).mean()
    slope = (codes * noisy.features).sum() / np.square(codes).sum()  # E[z | code] is the code
    assert slope == pytest.approx(1, abs=0.04)


def test_the_true_atoms_stay_where_turns_of_the_lasso_leave_them(rng):
    atoms = rng.normal(size=(40, 16))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    at = np.argsort(rng.random((1500, 40)), axis=1)[:, :3]
    features = np.zeros((1500, 40))
    np.put_along_axis(features, at, rng.uniform(0.5, 1.5, at.shape), axis=1)
    x = (features @ atoms + 0.2 * rng.normal(size=(1500, 16))).astype(np.float32)
    start = candidate(x, atoms.astype(np.float32), np.zeros(16, np.float32))
    now = MonteCarloEM(x, start.atoms, start.offset, start_prior(x, 40, 3, signed=False),
                      learn_offset=False, rng=rng, codes=silent(x, start.atoms))  # fmt: skip
    now.run(30)
    by_lasso = with_best_penalty(x, polish(x, start, 30))
    assert 1 - closeness(atoms, now.atoms) < 0.5 * (1 - closeness(atoms, by_lasso.atoms))
    assert now.prior.noise == pytest.approx(0.2**2, rel=0.05)


def test_rates_slabs_and_noise_are_estimated(noisy):
    x, atoms = as_float32(noisy)
    truth, found = true_prior(noisy), fitted_prior(x, atoms, signed=False)
    assert found.noise == pytest.approx(truth.noise, rel=0.1)
    assert found.rate.sum() == pytest.approx(2, rel=0.1)
    np.testing.assert_allclose(found.mean, truth.mean, rtol=0.15)


def test_atoms_may_have_any_length(noisy):
    x, atoms = as_float32(noisy)
    length = np.linspace(0.5, 2, len(atoms)).astype(np.float32)
    plain = fitted_prior(x, atoms, signed=False)
    longer = fitted_prior(x, atoms * length[:, None], signed=False)
    np.testing.assert_allclose(longer.mean * length, plain.mean, rtol=0.05)


def test_signed_features_are_found(make_world):
    world = make_world(n_features=20, n_units=14, k=2, n=2000, noise=NOISE)
    flip = np.random.default_rng(1).choice([-1, 1], world.features.shape)
    features = world.features * flip
    noise = world.x - world.features @ world.atoms
    x = features @ world.atoms + noise
    learned = fit(x, SpikeAndSlab(of=SparseCoding(n_latents=20, offset="zero", signed=True)), rng=0)
    assert learned.signed
    assert learned.prior is not None
    assert np.all(learned.prior.mean == 0)
    assert closeness(world.atoms, learned.atoms) > 0.97
    assert replace(world, features=features).mcc(learned.encode(x)) > 0.93


@pytest.mark.seed(2)
def test_missing_atoms_are_born(make_world):
    world = make_world(n_features=20, n_units=16, k=2, n=2500, noise=NOISE)
    x, atoms = as_float32(world)
    start = candidate(x[2000:], atoms[2:], np.zeros(16, np.float32))
    start = replace(start, learn_offset=False)
    found = sampled(x[:2000], x[2000:], start, np.random.default_rng(0))
    assert np.abs(world.atoms @ found.atoms.T).max(1).min() > 0.95


def test_without_noise_it_says_that_it_does_not_help(make_world):
    x = make_world(n=600).x
    with pytest.warns(RuntimeWarning, match="use Pursuit alone"):
        fit(x, SpikeAndSlab(of=Pursuit(n_latents=24, k=2, offset="zero")), rng=0)


@pytest.mark.parametrize("scale", [1e-25, 1e-4, 1e20])
def test_the_scale_of_the_responses_does_not_matter(noisy, scale):
    learned = fit(noisy.x[:600], Pursuit(n_latents=24, k=2, offset="zero"), rng=0)
    offset, floor = learned.offset.astype(np.float64) * scale, learned.floor * scale
    other = replace(learned, offset=offset, floor=floor)
    rows = noisy.x[:200]
    codes = learned.prepared(rows, by="posterior").encode(rows, by="posterior").toarray()
    other = other.prepared(rows * scale, by="posterior")
    again = other.encode(rows * scale, by="posterior").toarray() / scale
    assert np.mean(np.abs(again - codes) > 1e-3) < 0.01


def test_nothing_left_to_explain_is_no_error(noisy):
    learned = fit(noisy.x[:600], Pursuit(n_latents=24, k=2, offset="zero"), rng=0)
    rows = np.tile(learned.offset, (5, 1))
    for train in (noisy.x[:600], rows):
        ready = learned.prepared(train, by="posterior")
        assert np.isfinite(ready.encode(rows, by="posterior").toarray()).all()


def test_atoms_of_length_zero_have_no_codes(noisy):
    learned = fit(noisy.x[:600], Pursuit(n_latents=24, k=2, offset="zero"), rng=0)
    atoms = learned.atoms.copy()
    atoms[3] = 0
    ready = replace(learned, atoms=atoms).prepared(noisy.x[:600], by="posterior")
    codes = ready.encode(noisy.x[:50], by="posterior").toarray()
    assert not codes[:, 3].any()
    assert codes.any()


def test_codes_above_zero_stay_there(learned, noisy):
    assert learned.encode(-noisy.x[:300]).toarray().min() >= 0
    flipped = learned.encode(noisy.x[:300], signed=True).toarray()
    assert flipped.min() < 0
    np.testing.assert_array_equal(flipped[:9], learned.encode(noisy.x[:9], signed=True).toarray())


def test_too_many_latents_are_refused(learned, noisy):
    many = replace(learned, atoms=np.tile(learned.atoms, (200, 1)), prior=None)
    with pytest.raises(InputError, match="at most 4096 latents, got"):
        many.encode(noisy.x[:5], by="posterior")


@pytest.mark.parametrize("t", [-1.5, -0.5, 0.4, 2.0])
def test_slabs_are_found_from_values_that_were_cut(t, rng):
    values = t + rng.normal(size=3_000_000)
    values = values[values > 0]
    mean, variance = _cut(np.array([values.mean()]), np.array([np.square(values).mean()]))
    assert mean[0] / np.sqrt(variance[0]) == pytest.approx(t, abs=0.15)


def test_it_is_judged_by_units_that_it_is_not_told(noisy):
    x, atoms = as_float32(noisy)
    right = held_out_units_by(x[:400], atoms, true_prior(noisy))
    turned = np.roll(atoms, 1, axis=1)
    assert right < 0.6
    assert held_out_units_by(x[:400], turned, true_prior(noisy)) > 1.5 * right
    assert np.isnan(held_out_units_by(x[:400, :1], atoms[:, :1], true_prior(noisy)))


def test_auto_samples_where_there_is_noise_only(make_world):
    world = make_world(n_features=24, n_units=16, k=2, n=1000, noise=NOISE)
    learned = fit(world.x[:600], Auto(), rng=0)
    assert isinstance(learned.method, SpikeAndSlab)
    assert learned.by == "posterior"
    codes, by_lasso = (learned.encode(world.x[600:], by=by) for by in (None, "fista"))
    assert world.mcc(codes, slice(600, None)) > world.mcc(by_lasso, slice(600, None))
    assert learned.prior.noise == pytest.approx(NOISE**2, rel=0.2)
    exact = fit(world.features[:600] @ world.atoms, Auto(), rng=0)
    assert exact.by == "fista"


@pytest.fixture
def learned(noisy):
    return fit(noisy.x[:2000], SpikeAndSlab(of=Pursuit(n_latents=24, k=2, offset="zero")), rng=0)


def test_what_is_saved_encodes_the_same(learned, noisy, tmp_path):
    again = Dictionary.load(learned.save(tmp_path / "d"))
    codes = learned.encode(noisy.x[:50])
    assert (codes != again.encode(noisy.x[:50])).nnz == 0
    np.testing.assert_array_equal(codes[:7].toarray(), learned.encode(noisy.x[:7]).toarray())


DAMAGED = {"rate": [2.0], "variance": [0.0], "mean": "x", "noise": -1, "signed": 1}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_prior_is_refused(learned, tmp_path, name):
    path = learned.save(tmp_path / "d") / "cfg.json"
    config = json.loads(path.read_text())
    prior = config["metadata"]["unbraid"]["prior"]
    value = DAMAGED[name]
    prior[name] = value * learned.n_latents if isinstance(value, list) else value
    path.write_text(json.dumps(config))
    with pytest.raises(InputError, match="prior must hold rates"):
        Dictionary.load(path.parent)


def test_a_prior_of_other_latents_is_refused(learned, tmp_path):
    with pytest.raises(InputError, match=f"of {learned.n_latents} latents"):
        shorter = replace(learned, prior=learned.prior.of(np.arange(3)))
        Dictionary.load(shorter.save(tmp_path / "d"))


@pytest.mark.seed(1)
def test_any_dictionary_takes_posterior_means(noisy):
    learned = fit(noisy.x[:2000], Pursuit(n_latents=24, k=2, offset="zero"), rng=0)
    learned, later = learned.prepared(noisy.x[:2000], "posterior"), slice(2000, None)
    by_posterior = noisy.mcc(learned.encode(noisy.x[later], by="posterior"), later)
    assert by_posterior > noisy.mcc(learned.encode(noisy.x[later]), later)


def test_the_transformer_settles_the_prior(noisy):
    face = DictionaryTransformer(
        Pursuit(n_latents=24, k=2, offset="zero"), by="posterior", random_state=0
    )
    codes = face.fit(noisy.x[:500]).transform(noisy.x[:9])
    np.testing.assert_array_equal(face.transform(noisy.x[:3]), codes[:3])


def test_the_start_is_random_and_encodes_alike(noisy):
    start = SpikeAndSlab().untrained(noisy.x, np.random.default_rng(0))
    assert start.by == "posterior"
    assert noisy.mcc(start.encode(noisy.x[:300]), slice(300)) < 0.7
